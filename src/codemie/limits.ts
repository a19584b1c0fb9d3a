import { setTimeout as sleepFor } from 'node:timers/promises';

/** Lets requests through, first come first served. */
export interface Limiter {
  /**
   * Runs the task when it is its turn.
   *
   * @throws the signal's reason if it aborts while waiting; later the task has to watch it.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Milliseconds since the last task has ended; 0 while one runs or waits. */
  calmMs(): number;
}

/** Options for {@link createLimiter}. */
export interface LimiterOptions {
  /** Tasks at the same time. Also how many may start at once after a pause. */
  concurrency: number;
  requestsPerSecond: number;
  now: () => number;
  sleep?: (ms: number) => Promise<unknown>;
}

/**
 * Creates a limiter for one connection. Starts are spaced evenly once the first few have used up the pause before them,
 * so that a wave of reconciles reaches CodeMie as a steady stream (the "virtual scheduling" form of the leaky bucket,
 * ITU-T I.371).
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { concurrency, requestsPerSecond, now, sleep = sleepFor } = options;
  const spacingMs = 1000 / requestsPerSecond;
  const toleranceMs = (concurrency - 1) * spacingMs;
  const waiting = new Set<() => void>();
  let running = 0;
  let dueMs = Number.NEGATIVE_INFINITY;
  let endedMs = Number.NEGATIVE_INFINITY;
  let sleeping = false;

  function startWaiting(): void {
    for (const start of waiting) {
      if (running >= concurrency || sleeping) return;
      const earlyMs = dueMs - toleranceMs - now();
      if (earlyMs > 0) {
        void wakeIn(earlyMs);
        return;
      }
      dueMs = Math.max(dueMs, now()) + spacingMs;
      running += 1;
      waiting.delete(start);
      start();
    }
  }

  async function wakeIn(ms: number): Promise<void> {
    sleeping = true;
    await sleep(ms);
    sleeping = false;
    startWaiting();
  }

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      if (waiting.delete(resolve)) reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.add(resolve);
    startWaiting();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  return {
    run: async (task, signal) => {
      await turn(signal);
      try {
        return await task();
      } finally {
        running -= 1;
        endedMs = now();
        startWaiting();
      }
    },
    calmMs: () => (running > 0 || waiting.size > 0 ? 0 : now() - endedMs),
  };
}
