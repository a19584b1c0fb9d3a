import { KubeStatusError } from './errors.ts';

/** Trying again is of no use before a known time, e.g. the end of a rate limit. Does not count as a failure. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError';
  /** From now. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: { cause?: unknown }) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** When to try again: after that time, or with backoff. */
export type Failure = { kind: 'wait'; delayMs: number } | { kind: 'retry' };

/** Tells the kind of a failure: whatever is not known to be of another kind is retried with backoff. */
export function failureOf(error: unknown): Failure {
  // A time that is none, such as that of an unreadable date, tells nothing.
  if (error instanceof RetryAfterError && Number.isFinite(error.retryAfterMs))
    return { kind: 'wait', delayMs: error.retryAfterMs };
  // Here the API server sheds load and says for how long.
  if (error instanceof KubeStatusError && error.retryAfterMs !== undefined) {
    return { kind: 'wait', delayMs: error.retryAfterMs };
  }
  return { kind: 'retry' };
}
