import { type Clock, systemClock } from './clock.ts';

/** A signal that aborts when `parent` does, or after a time. `dispose` frees the timer and the listener. */
export interface Deadline {
  signal: AbortSignal;
  dispose(): void;
}

/**
 * Derives a signal with a deadline. `AbortSignal.any` with `AbortSignal.timeout` would do the same, but keeps
 * the timer and the link to a long-lived parent until the time is up; here both go with `dispose`.
 *
 * @param reason made when the time is up; becomes `signal.reason`
 */
export function startDeadline(
  parent: AbortSignal,
  timeoutMs: number,
  reason: () => Error,
  clock: Clock = systemClock,
): Deadline {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(parent.reason);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  const cancel = clock.setTimer(() => controller.abort(reason()), timeoutMs);
  return {
    signal: controller.signal,
    dispose() {
      cancel();
      parent.removeEventListener('abort', onParent);
    },
  };
}

/** The promise's result, or a rejection with the signal's reason if that comes first. The work itself goes on. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // Nobody waits for it any more; without a handler, its failure would end the process.
    promise.catch(() => {});
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
