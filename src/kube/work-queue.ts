import { type Clock, maxTimerMs, systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { createTurns } from '../lib/turns.ts';
import { backoffDelay } from './backoff.ts';
import { createDelayHeap } from './delay-heap.ts';
import { createRunShares } from './run-shares.ts';

/** `high`: something changed, a user may be waiting. `low`: start-up and periodic checks. */
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

/** Options for {@link createWorkQueue}. */
export interface WorkQueueOptions {
  /** For metrics. */
  name: string;
  /** First delay of `addRateLimited`. Default 1 s: most failures are those of remote services. */
  baseDelayMs?: number;
  /** Longest delay of `addRateLimited`, before jitter. Default 15 min. */
  maxDelayMs?: number;
  /** How many workers take keys. A namespace gets at most three quarters of them at a time. Default: no such limit. */
  workers?: number;
  /** How many runs may be under way in all, those that are parked included. Default 512. */
  maxRunning?: number;
  clock?: Clock;
  random?: () => number;
  metrics?: QueueMetrics;
}

/**
 * A queue of keys with the promises of client-go's workqueue: a key is worked on by one worker at a time; however
 * often it is added in the meantime, it runs once more; and an addition during a run is never lost.
 * https://pkg.go.dev/k8s.io/client-go/util/workqueue
 *
 * Namespaces take turns, in both lanes, so that the first key of a namespace waits for at most one turn of each other
 * one. A turn is a run, or the part of it up to its next park or from there on. A key without a namespace counts as a
 * separate namespace.
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
   * Waits for the next turn and gives its key: of a new run, or of a parked one that goes on. Undefined: the queue was
   * shut down, or the signal aborted. A delayed addition of the key that was set before is dropped: this run covers it,
   * and its result says when to come back.
   */
  get(signal: AbortSignal): Promise<string | undefined>;
  /** The run of the key needs no worker for now. It stays under way: the key is not taken for another run. */
  park(key: string): void;
  /** A parked run wants to go on: `get` gives its key at its turn. */
  resume(key: string): void;
  /** Must follow each run: the key may be taken again. */
  done(key: string): void;
  /** Clears the count of failures. */
  forget(key: string): void;
  /** Failures since the last `forget`. */
  failures(key: string): number;
  /** From now on only keys that `admits` are added or taken; what else waits is dropped. */
  drain(admits: (key: string) => boolean): void;
  /** Ends all `get`s, drops what waits, and ignores additions. What is left will be found at the next start. */
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

/** Turns: a run that goes on, and runs that start, by lane. */
type TurnKind = 'resumed' | Lane;
const usualOrder: readonly TurnKind[] = ['resumed', 'high', 'low'];
const lowFirst: readonly TurnKind[] = ['resumed', 'low', 'high'];

interface Dirty {
  lane: Lane;
  since: number;
  /** Takes the key out of the turns; absent while the key is being worked on. */
  leave?: () => void;
}

interface Processing {
  since: number;
  /** Whether the run holds no worker. */
  isParked: boolean;
  /** Takes a run that wants to go on out of the turns. */
  leave?: (() => void) | undefined;
}

/** Makes an empty queue. It holds a timer only while keys wait for a time. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const {
    name,
    baseDelayMs = durations.kube.firstBackoffMs,
    maxDelayMs = durations.kube.longestBackoffMs,
    metrics,
  } = options;
  const { clock = systemClock, random = Math.random } = options;
  /** Keys that need a run, with their lane and since when. */
  const dirty = new Map<string, Dirty>();
  /** The keys that are being worked on. */
  const processing = new Map<string, Processing>();
  /** Dirty keys that are not being processed, and runs that want to go on. */
  const turns = createTurns<string, TurnKind>();
  const shares = createRunShares(options);
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
    // For a key that is being worked on it is not known yet; it is checked when the key is to be taken.
    if (isShutDown || !(admits(key) || processing.has(key))) return;
    const waitingEntry = dirty.get(key);
    if (waitingEntry !== undefined && (waitingEntry.lane === 'high' || lane === 'low')) return;
    waitingEntry?.leave?.();
    const entry: Dirty = { lane, since: waitingEntry?.since ?? clock.now() };
    dirty.set(key, entry);
    metrics?.added?.(name, lane);
    if (!processing.has(key)) enqueue(key, entry, waitingEntry === undefined);
  }

  function enqueue(key: string, entry: Dirty, isNew: boolean): void {
    entry.leave = turns.add(groupOf(key), entry.lane, key);
    if (isNew) setDepth(depth + 1);
    serve();
  }

  /** Gives turns to the workers that wait, as long as there are both. */
  function serve(): void {
    for (const getter of getters) {
      const key = take();
      if (key === undefined) return;
      getters.delete(getter);
      getter(key);
    }
  }

  function setDepth(value: number): void {
    depth = value;
    metrics?.depth?.(name, depth);
  }

  function take(): string | undefined {
    for (;;) {
      const order = highInARow >= highRun ? lowFirst : usualOrder;
      const turn = turns.take({ order, tenantMay: mayHaveTurn });
      if (turn === undefined) return undefined;
      const { tenant, lane, item: key } = turn;
      if (lane === 'resumed') {
        const run = processing.get(key);
        if (run === undefined) continue;
        run.isParked = false;
        run.leave = undefined;
        shares.resumed(tenant);
        return key;
      }
      if (begin(key, tenant, lane)) return key;
    }
  }

  function mayHaveTurn(group: string, kind: TurnKind): boolean {
    return kind === 'resumed' ? shares.mayResume(group) : shares.mayStart(group);
  }

  /** False for a key that is not to be worked on any more. */
  function begin(key: string, group: string, lane: Lane): boolean {
    const since = dirty.get(key)?.since ?? clock.now();
    dirty.delete(key);
    setDepth(depth - 1);
    if (!admits(key)) return false;
    processing.set(key, { since: clock.now(), isParked: false });
    shares.started(group);
    waiting.high.delete(key);
    waiting.low.delete(key);
    highInARow = lane === 'high' ? highInARow + 1 : 0;
    metrics?.waited?.(name, lane, clock.now() - since);
    return true;
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
    park(key) {
      const run = processing.get(key);
      if (run === undefined) return;
      run.leave?.();
      run.leave = undefined;
      if (run.isParked) return;
      run.isParked = true;
      shares.parked(groupOf(key));
      serve();
    },
    resume(key) {
      const run = processing.get(key);
      if (isShutDown || run === undefined) return;
      run.leave ??= turns.add(groupOf(key), 'resumed', key);
      serve();
    },
    done(key) {
      const run = processing.get(key);
      if (run === undefined) return;
      metrics?.worked?.(name, clock.now() - run.since);
      run.leave?.();
      processing.delete(key);
      shares.ended(groupOf(key), run.isParked);
      const entry = dirty.get(key);
      if (entry !== undefined && !isShutDown) enqueue(key, entry, true);
      else serve();
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
      const ages = [...processing.values()].map(({ since }) => clock.now() - since);
      return { sumMs: ages.reduce((sum, age) => sum + age, 0), longestMs: Math.max(0, ...ages) };
    },
  };
}

/** Whose turn a key takes: that of its namespace; a key of a cluster-scoped object has its own turns. */
function groupOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}
