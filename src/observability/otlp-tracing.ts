import { AsyncLocalStorage } from 'node:async_hooks';
import { rootCertificates } from 'node:tls';
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { durations } from '../lib/durations.ts';
import type { Settings } from '../settings.ts';
import type { TraceAttributes, Tracing } from './tracing.ts';

/** What tracing is made with. */
export interface OtlpTracingOptions {
  settings: Pick<Settings, 'tracesSampleRatio' | 'serviceName' | 'podName' | 'operatorNamespace'>;
  /** Where spans are sent: the whole URL, such as `http://collector:4318/v1/traces`. */
  endpoint: string;
  /** PEM certificates that are trusted besides the roots of the process. */
  ca: readonly string[];
  /** Epoch milliseconds. */
  now: () => number;
  /** Called when spans could not be sent, once until they could be again. */
  onTrouble: (error: unknown) => void;
}

/** Longest time for one export, and for the last one before the end. */
const exportTimeoutMs = durations.observability.traceExportMs;

/**
 * Makes tracing that sends spans as OTLP over HTTP, in JSON. Loads the SDK, so it is imported only where traces are
 * wanted. Names of attributes: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 *
 * There is no global provider and no global context: the span under way is kept in our storage.
 */
export function createOtlpTracing(options: OtlpTracingOptions): Tracing {
  const { settings, now } = options;
  const provider = new TracerProvider({
    resource: detectResources({ detectors: [resourceAttributesEnvDetector] }).merge(
      resourceFromAttributes({
        'service.name': settings.serviceName,
        'service.instance.id': settings.podName,
        'k8s.namespace.name': settings.operatorNamespace,
      }),
    ),
    sampler: new TraceIdRatioBasedSampler(settings.tracesSampleRatio),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: createExporter(options), exportTimeoutMillis: exportTimeoutMs }),
    ],
  });
  const tracer = provider.getTracer('codemie-git-operator');
  const active = new AsyncLocalStorage<Context>();
  const activeSpan = (): Span | undefined => {
    const context = active.getStore();
    return context && trace.getSpan(context);
  };

  async function within<T>(span: Span, parent: Context, work: () => Promise<T>): Promise<T> {
    try {
      return await active.run(trace.setSpan(parent, span), work);
    } catch (error) {
      fail(span, error instanceof Error ? error.name : typeof error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Records a finished call, as a child of what is under way. */
  function enter(name: string, durationMs: number, attributes: TraceAttributes, failure?: string): void {
    const parent = active.getStore();
    if (!parent) return;
    const endTime = now();
    const startTime = endTime - durationMs;
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime, attributes }, parent);
    if (failure !== undefined) fail(span, failure);
    span.end(endTime);
  }

  return {
    run({ controller, key, attempt }, work) {
      const attributes = {
        'codemie.controller': controller,
        'codemie.key': key,
        'codemie.attempt': attempt,
      };
      const span = tracer.startSpan(`reconcile ${controller}`, { attributes }, ROOT_CONTEXT);
      return within(span, ROOT_CONTEXT, async () => {
        const outcome = await work();
        span.setAttribute('codemie.outcome', outcome);
        if (outcome === 'error' || outcome === 'timeout') fail(span, outcome);
        return outcome;
      });
    },
    step(name, work) {
      const parent = active.getStore();
      return parent ? within(tracer.startSpan(name, {}, parent), parent, work) : work();
    },
    note: (attributes) => void activeSpan()?.setAttributes(attributes),
    exchange({ method, url, status, error, durationMs }) {
      const attributes = {
        ...httpAttributes(method, url),
        ...(status && { 'http.response.status_code': status }),
      };
      enter(method, durationMs, attributes, error ?? failingStatus(status));
    },
    kubeRequest({ verb, resource, method, url, code, durationMs }) {
      const attributes = {
        ...httpAttributes(method, url),
        'codemie.kubernetes.verb': verb,
        'codemie.kubernetes.resource': resource,
        ...(code > 0 && { 'http.response.status_code': code }),
      };
      enter(`${verb} ${resource}`, durationMs, attributes, code === 0 ? 'NoAnswer' : failingStatus(code));
    },
    logFields() {
      const context = activeSpan()?.spanContext();
      // The lowest flag says that the trace is kept.
      if (!context || (context.traceFlags & 1) === 0) return {};
      return { trace_id: context.traceId, span_id: context.spanId };
    },
    // The exporter has reported its trouble.
    stop: () => provider.shutdown().catch(() => {}),
  };
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function failingStatus(status: number | undefined): string | undefined {
  return status !== undefined && status >= 400 ? String(status) : undefined;
}

function httpAttributes(method: string, url: string): TraceAttributes {
  const { hostname, port, protocol } = new URL(url);
  const usualPort = protocol === 'https:' ? 443 : 80;
  return {
    'http.request.method': method,
    'url.full': url,
    'server.address': hostname,
    'server.port': port === '' ? usualPort : Number(port),
  };
}

/** The exporter reads the other `OTEL_EXPORTER_OTLP_…` variables itself: headers, compression, client certificates. */
function createExporter({ endpoint, ca, onTrouble }: OtlpTracingOptions): SpanExporter {
  const exporter = new OTLPTraceExporter({
    url: endpoint,
    timeoutMillis: exportTimeoutMs,
    ...(ca.length > 0 &&
      endpoint.startsWith('https:') && { httpAgentOptions: { ca: [...rootCertificates, ...ca] } }),
  });
  let inTrouble = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && !inTrouble) onTrouble(result.error);
        inTrouble = result.error !== undefined;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
