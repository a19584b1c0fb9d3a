import { type Clock, systemClock } from './clock.ts';

/** A limit of time over some work, joined with the caller's signal. */
export interface Deadline {
  /** Aborts when the time is up, or when the parent does. */
  signal: AbortSignal;
  /** Which of the two it was; undefined while neither has happened. */
  ended(): 'timeout' | 'aborted' | undefined;
  /** Frees the timer and the listener. */
  stop(): void;
}

/** What a deadline is joined with. */
export interface DeadlineOptions {
  /** Its abort ends the work too; default: nothing but the time does. */
  parent?: AbortSignal | undefined;
  /** Makes `signal.reason` when the time is up; by default that is the one of any `AbortController`. */
  reason?: () => Error;
  clock?: Clock | undefined;
}

/**
 * Derives a signal with a deadline. `AbortSignal.any` with `AbortSignal.timeout` would do the same, but keeps
 * the timer and the link to a long-lived parent until the time is up; here both go with `stop`, which must be called.
 */
export function startDeadline(
  timeoutMs: number,
  { parent, reason, clock = systemClock }: DeadlineOptions = {},
): Deadline {
  const controller = new AbortController();
  let ended: 'timeout' | 'aborted' | undefined;
  const onParent = (): void => {
    ended ??= 'aborted';
    controller.abort(parent?.reason);
  };
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  const cancel = clock.setTimer(() => {
    ended ??= 'timeout';
    controller.abort(reason?.());
  }, timeoutMs);
  return {
    signal: controller.signal,
    ended: () => ended,
    stop() {
      cancel();
      parent?.removeEventListener('abort', onParent);
    },
  };
}

/**
 * The promise's result, or a rejection with the signal's reason if that comes first. The work itself goes on: others
 * may wait for it too.
 */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    // Also where the signal has aborted already: the race handles a later failure of the work, which would otherwise
    // end the process.
    return await Promise.race([aborted.promise, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
