/** Doubling delays. */
export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** Share of the delay that is added at random, so that many waiters spread out. Default 0.2. */
  jitter?: number;
  /** Default `Math.random`. */
  random?: () => number;
}

/** The delays between attempts at one thing. */
export interface Backoff {
  /** The next delay in ms, longer each time. */
  next(): number;
  /** Start over with `baseMs`. */
  reset(): void;
}

/** The delay after `failures` failures in a row (1, 2, …), in ms: base × 2^(n-1), at most `maxMs`, plus jitter. */
export function backoffDelay(failures: number, options: BackoffOptions): number {
  const { baseMs, maxMs, jitter = 0.2, random = Math.random } = options;
  // The exponent is bounded, because 2^1024 is Infinity.
  const delay = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return delay * (1 + jitter * random());
}

/** A backoff that counts its own failures. */
export function createBackoff(options: BackoffOptions): Backoff {
  let failures = 0;
  return {
    next: () => backoffDelay(++failures, options),
    reset() {
      failures = 0;
    },
  };
}
