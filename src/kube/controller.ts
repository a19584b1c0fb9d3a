import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { startDeadline } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { failureOf } from './errors.ts';
import { errorFields, type Log } from './log.ts';
import type { ObjectKey } from './object.ts';
import type { WorkQueue } from './work-queue.ts';

/** What one run gets besides its key. */
export interface ReconcileContext {
  /** Aborts at the run's deadline and when the process stops. Every await must heed it. */
  signal: AbortSignal;
  /** Has the key and a number of the run in its fields. */
  log: Log;
  /** 1 for the first try after a success, 2 after one failure, … */
  attempt: number;
  /**
   * Waits for something outside of the process. The run is parked in the meantime: its worker is free for others, and
   * it goes on when its namespace has its turn. Throws what the work throws.
   */
  aside: <T>(work: () => Promise<T>) => Promise<T>;
}

/** When to come back; without a time, only a change brings the key back. */
export interface Result {
  requeueAfterMs?: number;
  /**
   * The run has begun what the next one ends. When the process is asked to stop, the key still gets that run, at the
   * latest when it is woken, as long as the time to drain lasts.
   */
  unfinished?: boolean;
}

/**
 * Makes the world as the object of this key wants it. It gets a key, never an event: it reads the present state,
 * may run twice for one change, and may be killed at any point. It throws RetryAfterError, or
 * anything else for "try again".
 */
export type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Result>;

/** How a run ended, as metrics and traces name it. */
export type ReconcileOutcome = 'success' | 'requeueAfter' | 'retryAfter' | 'error' | 'timeout';

/** What a controller counts; every callback is optional. */
export interface ControllerMetrics {
  /** A controller was made. */
  made?(controller: string, workers: number): void;
  reconciled?(controller: string, outcome: ReconcileOutcome, durationMs: number): void;
  /** Workers that are busy. */
  active?(controller: string, workers: number): void;
  /** Runs that are under way without a worker, because they wait for something outside. */
  parked?(controller: string, runs: number): void;
}

/** Runs one run of a controller, such as under a trace. It must give back what the work gives. */
export type AroundRun = (
  run: { controller: string; key: ObjectKey; attempt: number },
  work: () => Promise<ReconcileOutcome>,
) => Promise<ReconcileOutcome>;

/** Options for {@link createController}. */
export interface ControllerOptions {
  name: string;
  queue: WorkQueue;
  workers: number;
  reconcile: Reconcile;
  log: Log;
  /** Longest run. Default 120 s. */
  deadlineMs?: number;
  /** How long what was begun may go on after the stop before its signal aborts. Default 20 s. */
  drainMs?: number;
  metrics?: ControllerMetrics;
  around?: AroundRun;
  clock?: Clock;
  random?: () => number;
}

/** Takes keys from a queue and reconciles them with a number of workers. */
export interface Controller {
  readonly name: string;
  /** Works on the queue until the signal aborts, then lets what was begun end. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Why a run is not waited for any more. Given, because the error that `abort` would make itself is costly. */
const over = 'The run has finished.';
/** A run that heeds neither its deadline nor the stop is left behind after this. */
const abortGraceMs = durations.kube.abortGraceMs;

/** The reason of a run's signal at its deadline. */
class ReconcileTimeoutError extends Error {
  override readonly name = 'ReconcileTimeoutError';
}

/** A run under way. */
interface Run {
  key: ObjectKey;
  /** Resolves when the worker that the run has is free again. */
  worker: PromiseWithResolvers<void>;
  state: 'working' | 'parked' | 'leftBehind';
  /** Lets a parked run go on that waits for a worker. */
  proceed?: (() => void) | undefined;
  /** Resolves when the run has finished or was left behind. */
  over: Promise<void>;
}

/** Makes a controller: so many workers, which take turns from the queue and run `reconcile`. */
export function createController(options: ControllerOptions): Controller {
  const {
    name,
    queue,
    workers,
    reconcile,
    metrics,
    deadlineMs = durations.kube.reconcileDeadlineMs,
    drainMs = durations.kube.drainMs,
  } = options;
  const { around = (_run, work) => work() } = options;
  const { clock = systemClock, random = Math.random } = options;
  const log = options.log.child({ controller: name });
  const unfinished = new Set<ObjectKey>();
  const underWay = new Map<ObjectKey, Run>();
  let busyWorkers = 0;
  let parkedRuns = 0;
  let runs = 0;
  let isStopping = false;
  /** There are no workers any more: what is under way ends without. */
  let workersAreGone = false;
  metrics?.made?.(name, workers);

  function setBusy(change: 1 | -1): void {
    busyWorkers += change;
    metrics?.active?.(name, busyWorkers);
  }

  function setParked(change: 1 | -1): void {
    parkedRuns += change;
    metrics?.parked?.(name, parkedRuns);
  }

  /** After the stop: once nothing is begun any more, the workers need not wait for a key. */
  function endWhenDone(): void {
    if (isStopping && busyWorkers === 0 && parkedRuns === 0 && unfinished.size === 0) queue.shutDown();
  }

  /** Runs a key once and puts it back on the queue as its end demands. */
  async function runOnce(run: Run, signal: AbortSignal): Promise<void> {
    const { key } = run;
    const attempt = queue.failures(key) + 1;
    const runLog = log.child({ key, run: ++runs, attempt });
    const aside = <T>(work: () => Promise<T>): Promise<T> => workAside(run, work);
    const started = clock.now();
    const outcome = await around({ controller: name, key, attempt }, () =>
      reconcileOnce(key, { signal, log: runLog, attempt, aside }),
    );
    metrics?.reconciled?.(name, outcome, clock.now() - started);
  }

  async function reconcileOnce(key: ObjectKey, context: ReconcileContext): Promise<ReconcileOutcome> {
    unfinished.delete(key);
    try {
      const result = await reconcile(key, context);
      const { requeueAfterMs } = result;
      if (result.unfinished === true) unfinished.add(key);
      queue.forget(key);
      if (requeueAfterMs !== undefined) queue.addAfter(key, withJitter(requeueAfterMs));
      return requeueAfterMs === undefined ? 'success' : 'requeueAfter';
    } catch (error) {
      return comeBack(key, error, context.signal, context.log);
    }
  }

  /** Adds up to a tenth at random. Only ever later, so that a wait is never shorter than asked for. */
  function withJitter(delayMs: number): number {
    return delayMs * (1 + 0.1 * random());
  }

  function comeBack(key: ObjectKey, error: unknown, signal: AbortSignal, runLog: Log): ReconcileOutcome {
    const failure = failureOf(error);
    if (failure.kind === 'wait') {
      queue.forget(key);
      queue.addAfter(key, withJitter(failure.delayMs));
      runLog.info({ ...errorFields(error), waitMs: failure.delayMs }, 'Waiting as asked.');
      return 'retryAfter';
    }
    const waitMs = Math.round(queue.addRateLimited(key));
    runLog.warn({ ...errorFields(error), waitMs }, 'Reconciling failed; retrying.');
    return signal.reason instanceof ReconcileTimeoutError ? 'timeout' : 'error';
  }

  /** Parks the run while it works on something that needs no worker. */
  async function workAside<T>(run: Run, work: () => Promise<T>): Promise<T> {
    const working = work();
    // What is there already, or comes from memory, is not worth a turn of others.
    if (!isIn('working', run) || workersAreGone || (await settlesAtOnce(working))) return working;
    if (!isIn('working', run) || workersAreGone) return working;
    run.state = 'parked';
    setParked(1);
    queue.park(run.key);
    run.worker.resolve();
    try {
      return await working;
    } finally {
      // It may have been left behind in the meantime.
      if (isIn('parked', run) && !workersAreGone) {
        const { promise, resolve } = Promise.withResolvers<void>();
        run.proceed = resolve;
        queue.resume(run.key);
        await promise;
      }
    }
  }

  /** Asked as a function, because the state changes while a run is waited for. */
  function isIn(state: Run['state'], run: Run): boolean {
    return run.state === state;
  }

  /** Lets a parked run go on. */
  function unpark(run: Run): void {
    run.state = 'working';
    setParked(-1);
    run.worker = Promise.withResolvers();
    run.proceed?.();
    run.proceed = undefined;
  }

  /**
   * Starts a run. One that ignores its signal is left behind: JavaScript can't stop it, but the worker goes on. Its key
   * stays taken until it does end, so that two runs of one key never overlap.
   */
  function begin(key: ObjectKey, stop: AbortSignal): Run {
    const tooLong = (): Error =>
      new ReconcileTimeoutError(`The run took longer than ${deadlineMs / 1000} s.`);
    const deadline = startDeadline(deadlineMs, { parent: stop, reason: tooLong, clock });
    const ended = new AbortController();
    const run: Run = { key, worker: Promise.withResolvers(), state: 'working', over: Promise.resolve() };
    underWay.set(key, run);
    const end = runOnce(run, deadline.signal).finally(() => {
      deadline.stop();
      underWay.delete(key);
      if (isIn('parked', run)) setParked(-1);
      queue.done(key);
      ended.abort(over);
      run.worker.resolve();
    });
    const late = aborted(deadline.signal).then(() => sleep(abortGraceMs, ended.signal, clock));
    run.over = Promise.race([end, late]).then(() => {
      if (!ended.signal.aborted) leaveBehind(run);
      endWhenDone();
    });
    return run;
  }

  function leaveBehind(run: Run): void {
    log.error({ key: run.key }, 'A reconcile ignored its deadline and was abandoned.');
    if (isIn('parked', run)) setParked(-1);
    queue.park(run.key);
    run.state = 'leftBehind';
    run.worker.resolve();
    run.proceed?.();
  }

  async function worker(abort: AbortSignal): Promise<void> {
    for (let key = await queue.get(abort); key !== undefined; key = await queue.get(abort)) {
      setBusy(1);
      const run = underWay.get(key);
      if (run) unpark(run);
      await (run ?? begin(key, abort)).worker.promise;
      setBusy(-1);
      endWhenDone();
      // Runs that find all they need in memory would follow each other without an end, and no answer, watch or timer
      // would have its turn.
      await nextTurn();
    }
  }

  /** Lets what waits for a worker go on without: there is none any more. */
  function dismissWorkers(): void {
    workersAreGone = true;
    for (const run of underWay.values()) run.proceed?.();
  }

  return {
    name,
    async run(signal) {
      const abort = new AbortController();
      const drained = new AbortController();
      const onStop = (): void => {
        isStopping = true;
        queue.drain((key) => unfinished.has(key));
        endWhenDone();
        void sleep(drainMs, drained.signal, clock).then(() => {
          dismissWorkers();
          abort.abort(signal.reason);
        });
      };
      if (signal.aborted) onStop();
      else signal.addEventListener('abort', onStop, { once: true });
      await Promise.all(Array.from({ length: workers }, () => worker(abort.signal)));
      await Promise.all([...underWay.values()].map((run) => run.over));
      drained.abort();
    },
  };
}

/** Whether work finishes within a turn of the event loop. */
async function settlesAtOnce(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  work.then(settle, settle);
  await nextTurn();
  return settled;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
