/** Time as the runtime sees it: monotonic, so that a corrected system clock neither fires nor delays a timer. */
export interface Clock {
  /** Milliseconds from an arbitrary start. Never goes back. */
  now(): number;
  /** Calls `callback` once after `delayMs` (at most 2^31-1, the limit of setTimeout). Returns the cancel. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** The longest delay a Node timer takes; a longer one would fire at once. https://nodejs.org/api/timers.html */
export const maxTimerMs = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(delayMs, maxTimerMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when the signal aborts. Never rejects: the caller checks the signal. */
export function sleep(
  delayMs: number,
  signal: AbortSignal,
  clock: Pick<Clock, 'setTimer'> = systemClock,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, Math.min(delayMs, maxTimerMs));
    signal.addEventListener('abort', finish);
  });
}
