import { cpuSlowness, threadCpuMs } from '../pace.ts';

/** One block that is longer than this, on a quiet machine, delays all probes and the renewal of the Lease noticeably. */
const quietTickMs = 50;

/**
 * How many ticks, of 50 ms on a quiet machine, the longest block of some work makes the event loop miss; 0 if no single
 * step of it takes that long. Steps are measured in CPU time of this very thread, so other processes of a busy machine
 * do not count, and neither do threads of the pool. How slow the core is, is measured right before and after. The best
 * of five runs counts: the first ones compile.
 */
export async function missedTicks(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let before = cpuSlowness();
  for (let run = 0; run < 5 && least >= 1; run++) {
    const blockMs = await longestBlockMs(work);
    const after = cpuSlowness();
    least = Math.min(least, blockMs / (quietTickMs * Math.max(before, after)));
    before = after;
  }
  return Math.floor(least);
}

async function longestBlockMs(work: () => unknown): Promise<number> {
  let longestMs = 0;
  let lastMs = threadCpuMs();
  let next: NodeJS.Immediate;
  const tick = (): void => {
    const nowMs = threadCpuMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    next = setImmediate(tick);
  };
  next = setImmediate(tick);
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    clearImmediate(next);
  }
  return Math.max(longestMs, threadCpuMs() - lastMs);
}
