/** One limit of time over everything an exchange does, joined with the caller's signal. */
export interface Deadline {
  /** Aborts when the time is over or the caller aborts. */
  signal: AbortSignal;
  /** Which of the two it was; undefined while neither happened. */
  ended(): 'timeout' | 'aborted' | undefined;
  /** Frees the timer and the listener. */
  stop(): void;
}

/** Starts a deadline. Must be stopped, or the timer keeps the process alive until it fires. */
export function startDeadline(timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let ended: 'timeout' | 'aborted' | undefined;
  const end = (how: 'timeout' | 'aborted'): void => {
    ended ??= how;
    controller.abort();
  };
  const onAbort = (): void => end('aborted');
  const timer = setTimeout(end, timeoutMs, 'timeout');
  if (outer?.aborted === true) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    ended: () => ended,
    stop: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}
