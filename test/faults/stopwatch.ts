import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Tells how busy the machine was meanwhile. */
export interface Stopwatch {
  /**
   * The longest time, since the start, for which this process was due to run and did not. Others on the machine fare
   * alike, so this is what has to be added where a test says how long something may take.
   */
  longestStallMs(): number;
}

/** Starts one. It ends with the process. */
export function startStopwatch(): Stopwatch {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  return { longestStallMs: () => delay.max / 1e6 };
}
