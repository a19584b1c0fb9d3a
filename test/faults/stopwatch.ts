import { setTimeout as sleep } from 'node:timers/promises';

/** Measures how late things are on a busy machine. */
export interface Stopwatch {
  /**
   * The longest time, since the start, from when a request to the server was due to when it was answered. Others on the
   * machine fare alike, so this is what has to be added for each of their looks where a test says how long something
   * may take.
   */
  longestLookMs(): number;
}

const intervalMs = 100;

/** Asks all the time, until a request fails: at the end of a test its connections are closed. */
export function startStopwatch(look: () => Promise<unknown>): Stopwatch {
  let longestMs = 0;
  let dueAt = performance.now();
  const currentMs = (): number => performance.now() - dueAt;
  const run = async (): Promise<void> => {
    for (;;) {
      await look();
      longestMs = Math.max(longestMs, currentMs());
      dueAt = performance.now() + intervalMs;
      await sleep(intervalMs);
    }
  };
  run().catch(() => {});
  return { longestLookMs: () => Math.max(longestMs, currentMs()) };
}
