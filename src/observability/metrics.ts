import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { ControllerMetrics } from '../kube/controller.ts';
import type { EventMetrics } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { ClientMetrics } from '../kube/transport.ts';
import type { QueueMetrics } from '../kube/work-queue.ts';
import type { ExchangeRecord } from '../net/http-client.ts';

/** What the parts of the process count into. */
export interface Metrics {
  controller: ControllerMetrics;
  queue: QueueMetrics;
  client: ClientMetrics;
  reflector: ReflectorMetrics;
  events: EventMetrics;
  /** Whether this process holds a Lease. */
  leading: (lease: string, isLeading: boolean) => void;
  /** One exchange with a Git provider, CodeMie or an identity provider. */
  exchange: (record: ExchangeRecord) => void;
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Those of controller-runtime: fine enough to tell a pass that calls CodeMie from one that waits for it. */
const reconcileSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

/**
 * Makes the metrics of the process. Names are those of controller-runtime and client-go where these have one, so
 * that known dashboards fit: https://book.kubebuilder.io/reference/metrics-reference
 */
export function createMetrics(registry: Registry): Metrics {
  collectDefaultMetrics({ register: registry });
  return {
    controller: controllerMetrics(registry),
    queue: queueMetrics(registry),
    client: clientMetrics(registry),
    reflector: reflectorMetrics(registry),
    events: eventMetrics(registry),
    leading: leadingMetric(registry),
    exchange: exchangeMetrics(registry),
  };
}

function controllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by controller and result.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long reconciles took.',
    labelNames: ['controller'],
    buckets: reconcileSeconds,
    registers,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Workers that are busy.',
    labelNames: ['controller'],
    registers,
  });
  // controller-runtime's words for the outcomes that it knows too.
  const results = { requeueAfter: 'requeue_after', retryAfter: 'retry_after' } as const;
  return {
    reconciled(controller, outcome, durationMs) {
      const result = outcome === 'requeueAfter' || outcome === 'retryAfter' ? results[outcome] : outcome;
      total.inc({ controller, result });
      time.observe({ controller }, durationMs / 1000);
    },
    active: (controller, workers) => active.set({ controller }, workers),
  };
}

function queueMetrics(registry: Registry): QueueMetrics {
  const registers = [registry];
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that are ready to be worked on.',
    labelNames: ['name'],
    registers,
  });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Keys that were added.',
    labelNames: ['name', 'lane'],
    registers,
  });
  const wait = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys were ready before a worker took them.',
    labelNames: ['name', 'lane'],
    buckets: seconds,
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys that were added again after a failure.',
    labelNames: ['name'],
    registers,
  });
  return {
    depth: (name, count) => depth.set({ name }, count),
    added: (name, lane) => adds.inc({ name, lane }),
    waited: (name, lane, durationMs) => wait.observe({ name, lane }, durationMs / 1000),
    retried: (name) => retries.inc({ name }),
  };
}

function clientMetrics(registry: Registry): ClientMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the Kubernetes API by verb, resource and code; code 0 is no answer.',
    labelNames: ['verb', 'resource', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'How long requests to the Kubernetes API took.',
    labelNames: ['verb'],
    buckets: seconds,
    registers,
  });
  const retries = new Counter({
    name: 'rest_client_request_retries_total',
    help: 'Reads that were sent to the Kubernetes API again, because it was busy or the connection was lost.',
    labelNames: ['reason'],
    registers,
  });
  return {
    retried: (reason) => retries.inc({ reason }),
    request({ verb, resource, code, durationMs }) {
      requests.inc({ verb, resource, code });
      duration.observe({ verb }, durationMs / 1000);
    },
  };
}

function reflectorMetrics(registry: Registry): ReflectorMetrics {
  const registers = [registry];
  const lists = new Counter({
    name: 'codemie_reflector_lists_total',
    help: 'Whole lists that were read from the Kubernetes API.',
    labelNames: ['resource'],
    registers,
  });
  const ended = new Counter({
    name: 'codemie_reflector_watches_ended_total',
    help: 'Watches that ended, by reason.',
    labelNames: ['resource', 'reason'],
    registers,
  });
  return {
    listed: (resource) => lists.inc({ resource }),
    watchEnded: (resource, reason) => ended.inc({ resource, reason }),
  };
}

function eventMetrics(registry: Registry): EventMetrics {
  const dropped = new Counter({
    name: 'codemie_events_dropped_total',
    help: 'Events that could not be written.',
    registers: [registry],
  });
  return { dropped: () => dropped.inc() };
}

function leadingMetric(registry: Registry): Metrics['leading'] {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process holds the Lease: 1 or 0.',
    labelNames: ['name'],
    registers: [registry],
  });
  return (name, isLeading) => status.set({ name }, isLeading ? 1 : 0);
}

/** Measures caches whenever the metrics are read. */
export function measureCaches(registry: Registry, informers: readonly Informer[]): void {
  const gauge = (name: string, help: string, measure: (informer: Informer) => number): void => {
    const made = new Gauge({
      name,
      help,
      labelNames: ['resource'],
      registers: [registry],
      collect() {
        for (const informer of informers) made.set({ resource: informer.resource.plural }, measure(informer));
      },
    });
  };
  gauge('codemie_cache_objects', 'Objects in the cache.', ({ store }) => store.size);
  gauge(
    'codemie_cache_contact_age_seconds',
    'Time since the Kubernetes API was last heard of by the watch that fills the cache.',
    (informer) => informer.contactAgeMs() / 1000,
  );
}

function exchangeMetrics(registry: Registry): Metrics['exchange'] {
  const registers = [registry];
  const requests = new Counter({
    name: 'codemie_http_requests_total',
    help: 'Requests to Git providers, CodeMie and identity providers by host and result: a status or an error.',
    labelNames: ['host', 'method', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'codemie_http_request_duration_seconds',
    help: 'How long these requests took.',
    labelNames: ['host'],
    buckets: seconds,
    registers,
  });
  return ({ host, method, status, error, durationMs }) => {
    requests.inc({ host, method, result: status ?? error ?? 'Other' });
    duration.observe({ host }, durationMs / 1000);
  };
}
