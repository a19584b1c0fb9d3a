import { setImmediate as nextTurn } from 'node:timers/promises';

/** A clock that stands still until it is set. Fits the runtime's Clock. */
export interface ManualClock {
  now(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Goes forward, calling timers in order of their time, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Goes forward without calling timers, as for a process that was stopped. */
  stall(ms: number): void;
  /** Timers that are set. */
  readonly timers: number;
}

/** Starts at 0 ms. */
export function createManualClock(): ManualClock {
  const timers = new Set<{ at: number; callback: () => void }>();
  let time = 0;

  function due(until: number): { at: number; callback: () => void } | undefined {
    const ready = [...timers].filter((timer) => timer.at <= until);
    return ready.toSorted((a, b) => a.at - b.at)[0];
  }

  return {
    now: () => time,
    setTimer(callback, delayMs) {
      const timer = { at: time + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const until = time + ms;
      await settle();
      for (let timer = due(until); timer !== undefined; timer = due(until)) {
        timers.delete(timer);
        time = Math.max(time, timer.at);
        timer.callback();
        await settle();
      }
      time = until;
    },
    stall(ms) {
      time += ms;
    },
    get timers() {
      return timers.size;
    },
  };
}

/** Lets all promises that can settle without I/O or timers do so, also behind a turn of the event loop. */
export async function settle(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
