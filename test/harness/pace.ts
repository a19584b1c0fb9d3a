import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * How slow this machine is at present, for everything that a test waits for. A bound is what the operator promises on
 * a quiet machine; on a slow or busy one it is stretched by what was measured, so that timing decides no test.
 */

/**
 * A fixed piece of work takes so long where nothing else runs, on a core of 2024. It makes objects and reads text, as
 * the operator does: where others share the memory of a machine, that takes twice as long at times, and arithmetic
 * does not.
 */
const referenceMs = 27;
const rounds = 3;
const sample = JSON.stringify(
  Array.from({ length: 4_000 }, (_, index) => ({
    id: `row-${index}`,
    alias: `alias-${index}`,
    values: [
      { key: 'url', value: `https://git.example.com/${index}` },
      { key: 'token', value: '**********' },
    ],
    date: '2026-11-22T18:39:48.198403',
    index,
  })),
);
/** A machine that is slower than this is not measured but broken. */
const mostFactor = 20;
const remeasureAfterMs = 5_000;
/** Of the time between two questions, no more counts: the process itself was held up. */
const longestStepMs = 5_000;
const pollMs = 5;

let measured: { factor: number; atMs: number } | undefined;

/**
 * How many times as long as on a quiet machine things take now, from 1 to 20: by the time of a fixed piece of work,
 * and by how many programs wait for each core. Measured again after five seconds, which costs 27 ms.
 */
function slowness(): number {
  const nowMs = performance.now();
  if (measured && nowMs - measured.atMs < remeasureAfterMs) return measured.factor;
  work();
  const atMs = performance.now();
  const [load = 0] = loadavg();
  const factor = Math.max(1, (atMs - nowMs) / referenceMs, load / cpus().length);
  measured = { factor: Math.min(factor, mostFactor), atMs };
  return measured.factor;
}

/**
 * How many times as much CPU time of this thread a piece of work takes as on a core of 2024, from 1 to 20: cores are
 * slower where others share them, or their memory. It differs from one moment to the next.
 */
export function cpuSlowness(): number {
  const beforeMs = threadCpuMs();
  work();
  return Math.min(Math.max(1, (threadCpuMs() - beforeMs) / referenceMs), mostFactor);
}

/** What this thread has computed so far, in milliseconds of CPU time. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function work(): number {
  let length = 0;
  for (let round = 0; round < rounds; round += 1) length += JSON.stringify(JSON.parse(sample)).length;
  return length;
}

/** That time, in milliseconds, as long as it is on this machine now. For bounds that are set once. */
export function stretched(ms: number): number {
  return Math.ceil(ms * slowness());
}

/**
 * A bound that heeds how the machine does while it runs. The function that is returned says whether that time has
 * passed, and has to be asked all the time.
 */
export function startPatience(ms: number): () => boolean {
  let leftMs = ms;
  let lastMs = performance.now();
  return () => {
    const nowMs = performance.now();
    leftMs -= Math.min(nowMs - lastMs, longestStepMs) / slowness();
    lastMs = nowMs;
    return leftMs <= 0;
  };
}

/** Aborts after that time on this machine, for calls to servers of the test. */
export function deadline(ms: number): AbortSignal {
  return AbortSignal.timeout(stretched(ms));
}

/**
 * Waits until a check does not throw any more; by default up to 15 seconds on a quiet machine.
 *
 * @throws what the check threw last
 */
export async function eventually(check: () => void | Promise<void>, ms = 15_000): Promise<void> {
  const isOver = startPatience(ms);
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (isOver()) throw error;
    }
    await sleep(pollMs);
  }
}
