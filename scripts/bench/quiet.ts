import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from './process-stats.ts';

const stepMs = 100;
/** A process that uses less than this in a step has nothing to do. */
const restMs = 30;
const restSteps = 10;

/**
 * Waits until a process rests for a second. It is judged by its CPU time, because asking it would be work for it.
 *
 * @returns when it began to rest, by `performance.now()`; exact to a tenth of a second
 */
export async function untilQuiet(pid: number): Promise<number> {
  let before = await cpuMs(pid);
  let quietSince = performance.now();
  for (let steps = 0; steps < restSteps; steps++) {
    await sleep(stepMs);
    const now = await cpuMs(pid);
    if (now - before > restMs) {
      steps = -1;
      quietSince = performance.now();
    }
    before = now;
  }
  return quietSince;
}
