import { backoffDelay } from './backoff.ts';
import { type Clock, maxTimerMs, systemClock } from './clock.ts';
import { createDelayHeap } from './delay-heap.ts';
import { createFifo, type Fifo } from './fifo.ts';

/** `high`: something changed, a person may be waiting. `low`: start-up and periodic checks. */
export type Lane = 'high' | 'low';

/** What a queue counts; every callback is optional. */
export interface QueueMetrics {
  /** Keys that are ready to be worked on. */
  depth?(queue: string, depth: number): void;
  added?(queue: string, lane: Lane): void;
  /** How long a key was ready before a worker took it. */
  waited?(queue: string, lane: Lane, durationMs: number): void;
  /** How long a worker had a key. */
  worked?(queue: string, durationMs: number): void;
  retried?(queue: string): void;
}

export interface WorkQueueOptions {
  /** For metrics. */
  name: string;
  /** First delay of `addRateLimited`. Default 1 s: most failures are those of remote services. */
  baseDelayMs?: number;
  /** Longest delay of `addRateLimited`, before jitter. Default 15 min. */
  maxDelayMs?: number;
  clock?: Clock;
  random?: () => number;
  metrics?: QueueMetrics;
}

/**
 * A queue of keys with the promises of client-go's workqueue: a key is worked on by one worker at a time; however
 * often it is added meanwhile, it runs once more; and an addition during a run is never lost.
 * https://pkg.go.dev/k8s.io/client-go/util/workqueue
 */
export interface WorkQueue {
  readonly name: string;
  /** Adds a key now. Default lane `high`. A key that waits in `low` moves up. */
  add(key: string, options?: { lane?: Lane }): void;
  /**
   * Adds a key to lane `low` (default) later. Of several times, the earliest counts.
   *
   * @throws RangeError for a delay that is no number: it would be a key that never comes, or one that never rests
   */
  addAfter(key: string, delayMs: number, options?: { lane?: Lane }): void;
  /** Adds a key after a delay that doubles with each failure until `forget`. Returns the delay in ms. */
  addRateLimited(key: string): number;
  /**
   * Waits for the next key. Undefined: the queue was shut down, or the signal aborted. A delayed addition of the
   * key that was set before is dropped: this run covers it, and its result says when to come back.
   */
  get(signal: AbortSignal): Promise<string | undefined>;
  /** Must follow each `get`: the key may be taken again. */
  done(key: string): void;
  /** Clears the count of failures. */
  forget(key: string): void;
  /** Failures since the last `forget`. */
  failures(key: string): number;
  /** From now on only keys that `admits` are added or taken; what else waits is dropped. */
  drain(admits: (key: string) => boolean): void;
  /** Ends all `get`s, drops what waits, and ignores additions. What is left will be found again at the next start. */
  shutDown(): void;
  /** Keys that are ready to be worked on. */
  readonly depth: number;
  /** Keys that wait for a time. */
  readonly delayed: number;
  /** For how long the keys that are being worked on have been so, all together and at most. */
  running(): { sumMs: number; longestMs: number };
}

/** After so many keys of lane `high` one of lane `low` goes first, so that checks go on under constant change. */
const highRun = 8;

/** Makes an empty queue. It holds a timer only while keys wait for a time. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { name, baseDelayMs = 1000, maxDelayMs = 15 * 60_000, metrics } = options;
  const { clock = systemClock, random = Math.random } = options;
  /** Keys that need a run, with their lane and since when. */
  const dirty = new Map<string, { lane: Lane; since: number }>();
  /** Since when each key is being worked on. */
  const processing = new Map<string, number>();
  /** Order of the dirty keys that are not being processed. An entry whose key is no longer so is skipped. */
  const ready: Record<Lane, Fifo<string>> = { high: createFifo(), low: createFifo() };
  const waiting: Record<Lane, ReturnType<typeof createDelayHeap>> = {
    high: createDelayHeap(),
    low: createDelayHeap(),
  };
  const failures = new Map<string, number>();
  const getters = new Set<(key: string | undefined) => void>();
  let highInARow = 0;
  let depth = 0;
  let isShutDown = false;
  let admits: (key: string) => boolean = () => true;
  let cancelTimer = (): void => {};
  let timerAt = Number.POSITIVE_INFINITY;

  function add(key: string, lane: Lane): void {
    // Of a key that is being worked on nobody knows yet; it is asked again when it is to be taken.
    if (isShutDown || !(admits(key) || processing.has(key))) return;
    const known = dirty.get(key);
    if (known !== undefined && (known.lane === 'high' || lane === 'low')) return;
    dirty.set(key, { lane, since: known?.since ?? clock.now() });
    metrics?.added?.(name, lane);
    if (!processing.has(key)) enqueue(key, lane, known === undefined);
  }

  function enqueue(key: string, lane: Lane, isNew: boolean): void {
    ready[lane].push(key);
    if (isNew) setDepth(depth + 1);
    const [getter] = getters;
    const next = getter === undefined ? undefined : take();
    if (getter === undefined || next === undefined) return;
    getters.delete(getter);
    getter(next);
  }

  function setDepth(value: number): void {
    depth = value;
    metrics?.depth?.(name, depth);
  }

  function take(): string | undefined {
    const [first, second]: [Lane, Lane] = highInARow >= highRun ? ['low', 'high'] : ['high', 'low'];
    return takeFrom(first) ?? takeFrom(second);
  }

  function takeFrom(lane: Lane): string | undefined {
    for (let key = ready[lane].shift(); key !== undefined; key = ready[lane].shift()) {
      const entry = dirty.get(key);
      if (entry?.lane !== lane || processing.has(key)) continue;
      dirty.delete(key);
      setDepth(depth - 1);
      if (!admits(key)) continue;
      processing.set(key, clock.now());
      waiting.high.delete(key);
      waiting.low.delete(key);
      highInARow = lane === 'high' ? highInARow + 1 : 0;
      metrics?.waited?.(name, lane, clock.now() - entry.since);
      return key;
    }
    return undefined;
  }

  function addAfter(key: string, delayMs: number, lane: Lane): void {
    if (Number.isNaN(delayMs)) throw new RangeError(`The delay of ${key} is no number.`);
    if (isShutDown || !admits(key)) return;
    if (delayMs <= 0) return add(key, lane);
    const at = clock.now() + delayMs;
    if (at >= (waiting[lane].at(key) ?? Number.POSITIVE_INFINITY)) return;
    waiting[lane].set(key, at);
    armTimer();
  }

  /** One timer for all keys, set to the earliest. */
  function armTimer(): void {
    const next = Math.min(
      waiting.high.peek()?.at ?? Number.POSITIVE_INFINITY,
      waiting.low.peek()?.at ?? Number.POSITIVE_INFINITY,
    );
    if (next === timerAt) return;
    cancelTimer();
    timerAt = next;
    if (next === Number.POSITIVE_INFINITY) return;
    cancelTimer = clock.setTimer(onTimer, Math.min(maxTimerMs, Math.max(0, next - clock.now())));
  }

  function onTimer(): void {
    timerAt = Number.POSITIVE_INFINITY;
    const now = clock.now();
    for (const lane of ['high', 'low'] as const) {
      for (let entry = waiting[lane].peek(); entry !== undefined && entry.at <= now; ) {
        waiting[lane].delete(entry.key);
        add(entry.key, lane);
        entry = waiting[lane].peek();
      }
    }
    armTimer();
  }

  return {
    name,
    add: (key, { lane = 'high' } = {}) => add(key, lane),
    addAfter: (key, delayMs, { lane = 'low' } = {}) => addAfter(key, delayMs, lane),
    addRateLimited(key) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const delayMs = backoffDelay(count, { baseMs: baseDelayMs, maxMs: maxDelayMs, random });
      metrics?.retried?.(name);
      addAfter(key, delayMs, 'low');
      return delayMs;
    },
    get(signal) {
      if (isShutDown || signal.aborted) return Promise.resolve(undefined);
      const key = take();
      if (key !== undefined) return Promise.resolve(key);
      return new Promise((resolve) => {
        const getter = (taken: string | undefined): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(taken);
        };
        const onAbort = (): void => {
          getters.delete(getter);
          getter(undefined);
        };
        getters.add(getter);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    done(key) {
      const since = processing.get(key);
      if (since !== undefined) metrics?.worked?.(name, clock.now() - since);
      processing.delete(key);
      const entry = dirty.get(key);
      if (entry !== undefined && !isShutDown) enqueue(key, entry.lane, true);
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
    drain(which) {
      admits = which;
    },
    shutDown() {
      isShutDown = true;
      cancelTimer();
      for (const getter of getters) getter(undefined);
      getters.clear();
    },
    get depth() {
      return depth;
    },
    get delayed() {
      return waiting.high.size + waiting.low.size;
    },
    running() {
      const ages = [...processing.values()].map((since) => clock.now() - since);
      return { sumMs: ages.reduce((sum, age) => sum + age, 0), longestMs: Math.max(0, ...ages) };
    },
  };
}
