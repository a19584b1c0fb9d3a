import { STATUS_CODES } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { ControllerMetrics } from '../kube/controller.ts';
import type { EventMetrics } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { ClientMetrics } from '../kube/transport.ts';
import type { QueueMetrics, WorkQueue } from '../kube/work-queue.ts';
import type { ExchangeRecord } from '../net/http-client.ts';

/** What the parts of the process count into. */
export interface Metrics {
  controller: ControllerMetrics;
  queue: QueueMetrics;
  client: ClientMetrics;
  reflector: ReflectorMetrics;
  events: EventMetrics;
  /** Whether this process is at work, and the name of the Lease for it. */
  leading: (lease: string, isLeading: boolean) => void;
  /** How many permissions of the list in src/access this process lacks, so far as it knows. */
  permissionsMissing: (count: number) => void;
  /** One exchange with a server outside of the cluster. */
  exchange: (target: ExchangeTarget, record: ExchangeRecord) => void;
}

/** Whom an exchange was with: a Git provider, or CodeMie and the identity provider of its login. */
type ExchangeTarget = 'provider' | 'codemie';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** A start with 10,000 objects keeps the last of them waiting for minutes. */
const waitSeconds = [...seconds, 120, 300, 600, 1800];
/** Those of controller-runtime: fine enough to separate a reconcile that calls CodeMie from one that waits for it. */
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
    permissionsMissing: permissionsMetric(registry),
    exchange: exchangeMetrics(registry),
  };
}

function controllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by result: success, requeue_after, retry_after, error or timeout.',
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
  const labelNames = ['controller'] as const;
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Workers that are busy.',
    labelNames,
    registers,
  });
  const parked = new Gauge({
    name: 'codemie_parked_reconciles',
    help: 'Reconciles that wait for a server other than the API server, and hold no worker.',
    labelNames,
    registers,
  });
  const most = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Workers that there are.',
    labelNames,
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed and are retried.',
    labelNames,
    registers,
  });
  const timeouts = new Counter({
    name: 'controller_runtime_reconcile_timeouts_total',
    help: 'Reconciles that took longer than they may.',
    labelNames,
    registers,
  });
  // controller-runtime's words for the outcomes that it knows too.
  const results = { requeueAfter: 'requeue_after', retryAfter: 'retry_after' } as const;
  return {
    made(controller, workers) {
      most.set({ controller }, workers);
      active.set({ controller }, 0);
      parked.set({ controller }, 0);
      // A rate needs to see the step from 0 to 1.
      for (const counter of [errors, timeouts]) counter.inc({ controller }, 0);
    },
    reconciled(controller, outcome, durationMs) {
      const result = outcome === 'requeueAfter' || outcome === 'retryAfter' ? results[outcome] : outcome;
      total.inc({ controller, result });
      time.observe({ controller }, durationMs / 1000);
      if (outcome === 'error' || outcome === 'timeout') errors.inc({ controller });
      if (outcome === 'timeout') timeouts.inc({ controller });
    },
    active: (controller, workers) => active.set({ controller }, workers),
    parked: (controller, runs) => parked.set({ controller }, runs),
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
    help: 'Keys that were added. Lane high: something changed; low: start and intervals.',
    labelNames: ['name', 'lane'],
    registers,
  });
  const wait = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys were ready before a worker took them.',
    labelNames: ['name', 'lane'],
    buckets: waitSeconds,
    registers,
  });
  const work = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long workers had a key.',
    labelNames: ['name'],
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
    worked: (name, durationMs) => work.observe({ name }, durationMs / 1000),
    retried: (name) => retries.inc({ name }),
  };
}

function clientMetrics(registry: Registry): ClientMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the Kubernetes API; code 0 is no answer.',
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
    help: 'Reads of the Kubernetes API that were sent again, by reason: throttled or reset.',
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
    help: 'Watches that ended, by reason: closed, expired or failed.',
    labelNames: ['resource', 'reason'],
    registers,
  });
  const events = new Counter({
    name: 'codemie_reflector_watch_events_total',
    help: 'Events that watches brought.',
    labelNames: ['resource', 'type'],
    registers,
  });
  return {
    event: (resource, type) => events.inc({ resource, type }),
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
    help: 'Whether this process is at work: 1 while it holds the Lease of that name, or needs none; 0 while it is on standby.',
    labelNames: ['name'],
    registers: [registry],
  });
  return (name, isLeading) => status.set({ name }, isLeading ? 1 : 0);
}

function permissionsMetric(registry: Registry): Metrics['permissionsMissing'] {
  const missing = new Gauge({
    name: 'codemie_permissions_missing',
    help: 'Permissions in Kubernetes that the operator needs and lacks. The log names each one.',
    registers: [registry],
  });
  return (count) => missing.set(count);
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
    'Time since the Kubernetes API last responded to the list or watch that fills the cache, even with an error.',
    (informer) => informer.contactAgeMs() / 1000,
  );
}

/** Measures queues whenever the metrics are read. */
export function measureQueues(registry: Registry, queues: readonly WorkQueue[]): void {
  const gauge = (name: string, help: string, measure: (queue: WorkQueue) => number): void => {
    const made = new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [registry],
      collect() {
        for (const queue of queues) made.set({ name: queue.name }, measure(queue));
      },
    });
  };
  gauge(
    'workqueue_unfinished_work_seconds',
    'For how long the keys that are being worked on have been so, all together.',
    (queue) => queue.running().sumMs / 1000,
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'For how long the oldest key that is being worked on has been so.',
    (queue) => queue.running().longestMs / 1000,
  );
  gauge('codemie_workqueue_delayed', 'Keys that wait for a time.', (queue) => queue.delayed);
}

/** Hosts beyond this are counted together: anyone who may create connections chooses hosts. */
const mostHosts = 500;

/** A server of a tenant's may answer any of 900 statuses; those without a name are counted together. */
function resultOf(status: number): string {
  return Object.hasOwn(STATUS_CODES, status) ? String(status) : 'other status';
}

function exchangeMetrics(registry: Registry): Metrics['exchange'] {
  const registers = [registry];
  const requests = new Counter({
    name: 'codemie_http_requests_total',
    help: 'Requests to Git providers (target provider), and to CodeMie and its identity provider (target codemie). The result is a status, or a word such as Timeout.',
    labelNames: ['target', 'host', 'method', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'codemie_http_request_duration_seconds',
    help: 'How long requests to Git providers, CodeMie and its identity provider took.',
    labelNames: ['target', 'host'],
    buckets: seconds,
    registers,
  });
  const hosts = new Set<string>();
  const labelOf = (host: string): string => {
    if (hosts.size < mostHosts) hosts.add(host);
    return hosts.has(host) ? host : 'other';
  };
  return (target, { host: name, method, status, error, durationMs }) => {
    const host = labelOf(name);
    requests.inc({
      target,
      host,
      method,
      result: status === undefined ? (error ?? 'Other') : resultOf(status),
    });
    duration.observe({ target, host }, durationMs / 1000);
  };
}
