import { type Clock, systemClock } from '../lib/clock.ts';
import { createTurns } from '../lib/turns.ts';

/** Lets requests through: tenants take turns, and of one tenant, first come first served. */
export interface Limiter {
  /**
   * Runs the task when it is its turn.
   *
   * @throws the signal's reason if it aborts while waiting; later the task has to watch it.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Milliseconds since the last task ended, of any tenant; 0 while one runs or waits. */
  calmMs(): number;
  /**
   * The same limiter for one tenant, whose tasks take turns with those of others. It runs at most three quarters as many
   * at a time as all together may. What `run` of the limiter itself gets is for all, and counts as a separate tenant.
   */
  of(tenant: string): Pick<Limiter, 'run' | 'calmMs'>;
}

/** Options for {@link createLimiter}. */
export interface LimiterOptions {
  /** Tasks at the same time. Also how many may start at once after a pause. */
  concurrency: number;
  requestsPerSecond: number;
  clock?: Clock;
}

/** The tenant of what is done for all; no other is called so. */
const forAll = 'all';

/**
 * Creates a limiter for one connection. Starts are spaced evenly once the first few have used up the pause before them,
 * so that a wave of reconciles reaches CodeMie as a steady stream (the "virtual scheduling" form of the leaky bucket,
 * ITU-T I.371).
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { concurrency, requestsPerSecond, clock = systemClock } = options;
  const spacingMs = 1000 / requestsPerSecond;
  const toleranceMs = (concurrency - 1) * spacingMs;
  const turns = createTurns<() => void, 'waiting'>();
  const mostPerTenant = Math.max(1, Math.floor(concurrency * 0.75));
  /** Tasks that run, by tenant. */
  const runningOf = new Map<string, number>();
  let running = 0;
  let dueMs = Number.NEGATIVE_INFINITY;
  let endedMs = Number.NEGATIVE_INFINITY;
  let isPausing = false;

  const tenantMay = (tenant: string): boolean =>
    tenant === forAll || (runningOf.get(tenant) ?? 0) < mostPerTenant;

  function count(tenant: string, change: 1 | -1): void {
    running += change;
    const left = (runningOf.get(tenant) ?? 0) + change;
    if (left === 0) runningOf.delete(tenant);
    else runningOf.set(tenant, left);
  }

  function startWaiting(): void {
    while (running < concurrency && !isPausing && turns.count() > 0) {
      const earlyMs = dueMs - toleranceMs - clock.now();
      if (earlyMs > 0) {
        pause(earlyMs);
        return;
      }
      const turn = turns.take({ order: ['waiting'], tenantMay });
      if (turn === undefined) return;
      dueMs = Math.max(dueMs, clock.now()) + spacingMs;
      count(turn.tenant, 1);
      turn.item();
    }
  }

  function pause(ms: number): void {
    isPausing = true;
    clock.setTimer(() => {
      isPausing = false;
      startWaiting();
    }, ms);
  }

  async function untilTurn(tenant: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let waits = true;
    const withdraw = turns.add(tenant, 'waiting', () => {
      waits = false;
      resolve();
    });
    const leave = (): void => {
      if (!waits) return;
      waits = false;
      withdraw();
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    startWaiting();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  async function run<T>(tenant: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await untilTurn(tenant, signal);
    try {
      return await task();
    } finally {
      count(tenant, -1);
      endedMs = clock.now();
      startWaiting();
    }
  }

  const calmMs = (): number => (running > 0 || turns.count() > 0 ? 0 : clock.now() - endedMs);
  return {
    run: (task, signal) => run(forAll, task, signal),
    calmMs,
    of: (tenant) => ({ run: (task, signal) => run(`of ${tenant}`, task, signal), calmMs }),
  };
}
