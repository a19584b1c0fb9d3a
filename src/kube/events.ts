import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { trimEnd } from '../lib/linear-text.ts';
import { createTenantCache } from '../lib/tenant-cache.ts';
import { microTime } from '../lib/time.ts';
import { createTurns } from '../lib/turns.ts';
import type { KubeClient } from './client.ts';
import { isAlreadyExists, isNotFound, KubeStatusError, KubeTransportError } from './errors.ts';
import { errorFields, type Log } from './log.ts';
import type { KubeObject, Resource } from './object.ts';

/** What happened to an object, as `kubectl describe` shows it. */
export interface EventDetails {
  type: 'Normal' | 'Warning';
  /** CamelCase, at most 128 characters. */
  reason: string;
  /** What was done or tried, CamelCase, e.g. `Register`. */
  action: string;
  /** One sentence for people. Cut at 1 KiB, the API's limit. */
  note: string;
}

/** Writes events about objects, in the background. */
export interface EventRecorder {
  /**
   * Records an event. Returns at once and never throws: an event is news, not state. The same news within ten
   * minutes raises the count of the first event instead of making another.
   */
  record(object: KubeObject, details: EventDetails): void;
  /** Writes all, counts included, without sparing the server any more. Resolves also when the signal aborts. */
  flush(signal: AbortSignal): Promise<void>;
}

/** What a recorder counts. */
export interface EventMetrics {
  /** An event that is lost. */
  dropped(): void;
}

/** Options for {@link createEventRecorder}. */
export interface EventRecorderOptions {
  client: Pick<KubeClient, 'create' | 'patchJson'>;
  /** `reportingController`, e.g. `codemie.ai/git-operator`. */
  component: string;
  /** `reportingInstance`, e.g. the Pod's name. */
  instance: string;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
  metrics?: EventMetrics;
  /** Whether there is work that waits, which news should not compete with. Default: never. */
  busy?: () => boolean;
  clock?: Clock;
}

/** The kind that news is kept in. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** News that waits to be written, in all and of one namespace; more is dropped and counted. */
const maxPending = 10_000;
const maxPendingPerNamespace = 2_000;
/** Distinct news that is remembered for counting, in all and of one namespace. */
const maxRemembered = 2_000;
const maxRememberedPerNamespace = 500;
/** The same news after this silence is a new event. */
const seriesWindowMs = durations.kube.eventSeriesMs;
/** A count is written at most this often. */
const seriesIntervalMs = durations.kube.eventCountMs;
/** Writes at the same time. */
const writers = 4;
/** News never crowds out work: after a first few, writes are this far apart, as clients of Kubernetes commonly do. */
const spacingMs = durations.kube.eventSpacingMs;
/** The same while there is work that waits. */
const busySpacingMs = durations.kube.busyEventSpacingMs;
const burst = 25;
const writeTimeoutMs = durations.kube.eventTimeoutMs;
const tries = 3;
const order = ['news'] as const;

/** An event that was written, or is about to be. */
interface Series {
  key: string;
  name: string;
  namespace: string;
  body: Record<string, unknown>;
  count: number;
  lastSeen: number;
  /** What the server knows. 0: nothing yet. */
  writtenCount: number;
  writtenAt: number;
  /** Waits to be written, or is being written. */
  isPending: boolean;
}

/** Makes a recorder that writes `events.k8s.io/v1` Events in the background. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, instance, log, now, metrics, busy = () => false, clock = systemClock } = options;
  const remembered = createTenantCache<Series>({
    max: maxRemembered,
    maxPerTenant: maxRememberedPerNamespace,
  });
  /** Namespaces take turns here, too: the news of one is not held up by that of another. */
  const pending = createTurns<Series, 'news'>();
  const idle = new Set<() => void>();
  const never = new AbortController().signal;
  const hurry = new AbortController();
  let dueAt = Number.NEGATIVE_INFINITY;
  let running = 0;
  let made = 0;

  function enqueue(series: Series): void {
    if (series.isPending) return;
    if (pending.count(series.namespace) >= maxPendingPerNamespace) return drop(series);
    if (pending.count() >= maxPending) dropOldestOf(pending.fullest());
    series.isPending = true;
    pending.add(series.namespace, 'news', series);
    if (running < writers) void write();
  }

  /** Forgets the news, so that the next of its kind is a new event. */
  function drop(series: Series): void {
    remembered.delete(series.namespace, series.key);
    metrics?.dropped();
  }

  /** Makes room at the expense of the namespace that takes up most. */
  function dropOldestOf(namespace: string | undefined): void {
    const turn = pending.take({ order, tenantMay: (each) => each === namespace });
    if (turn === undefined) return;
    turn.item.isPending = false;
    drop(turn.item);
  }

  async function write(): Promise<void> {
    running++;
    while (pending.count() > 0) {
      await pace();
      const series = pending.take({ order })?.item;
      if (series === undefined) break;
      await writeOne(series);
      series.isPending = false;
    }
    running--;
    if (running > 0) return;
    for (const wake of idle) wake();
    idle.clear();
  }

  /** Spaces writes evenly once a pause before them is used up. */
  async function pace(): Promise<void> {
    const earlyMs = dueAt - burst * spacingMs - clock.now();
    dueAt = Math.max(dueAt, clock.now()) + (busy() ? busySpacingMs : spacingMs);
    if (earlyMs > 0) await sleep(earlyMs, hurry.signal, clock);
  }

  async function writeOne(series: Series): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await send(series, attempt > 1);
        return;
      } catch (error) {
        if (attempt === tries || isFinal(error)) {
          drop(series);
          log.warn({ event: series.name, ...errorFields(error) }, 'An event could not be written.');
          return;
        }
        await sleep(durations.kube.eventRetryMs * attempt, never, clock);
      }
    }
  }

  function whenIdle(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (running === 0 || signal.aborted) return resolve();
      idle.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async function send(series: Series, isRetry: boolean): Promise<void> {
    const { name, namespace, count, lastSeen } = series;
    const signal = AbortSignal.timeout(writeTimeoutMs);
    const value = { count, lastObservedTime: microTime(lastSeen) };
    if (series.writtenCount === 0) {
      const body = count > 1 ? { ...series.body, series: value } : series.body;
      try {
        await client.create(events, { metadata: { name, namespace }, ...body }, signal);
      } catch (error) {
        // The name is its own, so the first try has arrived, and only the answer to it was lost.
        if (!isRetry || !isAlreadyExists(error)) throw error;
      }
    } else {
      try {
        const operation = { op: 'add', path: '/series', value } as const;
        await client.patchJson(events, `${namespace}/${name}`, [operation], signal);
      } catch (error) {
        // The server keeps events for an hour only.
        if (!isNotFound(error)) throw error;
        remembered.delete(series.namespace, series.key);
      }
    }
    series.writtenCount = count;
    series.writtenAt = now();
  }

  function newSeries(key: string, object: KubeObject, details: EventDetails): Series {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const seen = now();
    const regarding = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      uid,
      resourceVersion,
      ...(namespace === undefined ? {} : { namespace }),
    };
    return {
      key,
      name: `${name.slice(0, 200)}.${seen.toString(16)}${(made++ % 4096).toString(16).padStart(3, '0')}`,
      namespace: namespaceOf(object),
      body: {
        eventTime: microTime(seen),
        reportingController: component,
        reportingInstance: instance,
        type: details.type,
        reason: details.reason,
        action: details.action,
        note: cut(details.note),
        regarding,
      },
      count: 1,
      lastSeen: seen,
      writtenCount: 0,
      writtenAt: seen,
      isPending: false,
    };
  }

  return {
    record(object, details) {
      const key = JSON.stringify([
        object.metadata.uid,
        details.type,
        details.reason,
        details.action,
        details.note,
      ]);
      const current = remembered.get(namespaceOf(object), key);
      if (current === undefined || now() - current.lastSeen > seriesWindowMs) {
        const series = newSeries(key, object, details);
        remembered.set(series.namespace, key, series);
        enqueue(series);
        return;
      }
      current.count++;
      current.lastSeen = now();
      if (now() - current.writtenAt >= seriesIntervalMs) enqueue(current);
    },

    async flush(signal) {
      hurry.abort();
      await whenIdle(signal);
      for (const series of remembered.values()) {
        if (series.count > series.writtenCount) enqueue(series);
      }
      await whenIdle(signal);
    },
  };
}

/** Where the events of an object are: in its namespace, or where the API wants those of cluster-scoped objects. */
function namespaceOf({ metadata: { namespace = 'default' } }: KubeObject): string {
  return namespace;
}

/** Refusals that the next try would meet as well: it would only hold up the news behind it. */
function isFinal(error: unknown): boolean {
  if (error instanceof KubeTransportError) return error.kind === 'Fenced';
  return error instanceof KubeStatusError && error.code < 500 && error.code !== 429;
}

/** At most 1024 bytes of UTF-8, without half a character at the end. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= 1024) return note;
  return `${trimEnd(bytes.subarray(0, 1018).toString('utf8'), '\uFFFD')}…`;
}
