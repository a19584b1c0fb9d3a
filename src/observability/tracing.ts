import type { AroundRun } from '../kube/controller.ts';
import type { RequestOutcome } from '../kube/transport.ts';
import type { ExchangeRecord } from '../net/http-client.ts';
import type { Metrics } from './metrics.ts';

/** Facts about a part of a trace. Never a value of a Secret, a header, a query or a body. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** Follows reconciles through their steps and calls. Only what happens during a reconcile is followed. */
export interface Tracing {
  /** Runs a reconcile as its own trace. */
  run: AroundRun;
  /** Runs a step of the reconcile under way. What the work throws is thrown. */
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Adds facts to the step, or else the reconcile, under way. */
  note: (attributes: TraceAttributes) => void;
  /** Records a finished call: to a Git provider, CodeMie or an identity provider. */
  exchange(record: ExchangeRecord): void;
  /** Records a finished call to the Kubernetes API. */
  kubeRequest(outcome: RequestOutcome): void;
  /** What leads from a line of the log to its trace; empty outside of a reconcile and for traces that are not kept. */
  logFields: () => { trace_id?: string; span_id?: string };
  /** Sends what is left, for at most some seconds. Never rejects. */
  stop(): Promise<void>;
}

/** Follows nothing, and costs nothing. */
export const noTracing: Tracing = {
  run: (_run, work) => work(),
  step: (_name, work) => work(),
  note: () => {},
  exchange: () => {},
  kubeRequest: () => {},
  logFields: () => ({}),
  stop: () => Promise.resolve(),
};

/** The same metrics, of which each call is entered into the trace of its pass as well. */
export function withTracing(metrics: Metrics, tracing: Tracing): Metrics {
  return {
    ...metrics,
    client: {
      ...metrics.client,
      request(outcome) {
        metrics.client.request?.(outcome);
        tracing.kubeRequest(outcome);
      },
    },
    exchange(target, record) {
      metrics.exchange(target, record);
      tracing.exchange(record);
    },
  };
}
