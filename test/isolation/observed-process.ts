import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../harness/operator-process.ts';

/** How a process fared while it was observed. */
export interface Observation {
  /** Most memory that it held at any moment since the observation began, in MiB. */
  peakMiB: number;
  /** How often `/healthz` answered 200. */
  healthy: number;
  /** Longest time from a question to `/healthz` to the next answer of 200, in milliseconds. */
  longestSilenceMs: number;
  /** Whether the process has exited. */
  exited: boolean;
}

/** How often `/healthz` is asked. The kubelet asks every 20 s; more often here, so that short blocks show. */
const probeIntervalMs = 200;

/**
 * Begins to observe a process: peak memory from now on, and `/healthz`. The function that it returns ends the
 * observation. Linux only.
 */
export async function observe(operator: OperatorProcess): Promise<() => Promise<Observation>> {
  await resetPeak(operator.pid);
  const probes = { healthy: 0, longestSilenceMs: 0 };
  const gone = new AbortController();
  const stop = new AbortController();
  void operator.exited.then(() => gone.abort());
  const over = AbortSignal.any([gone.signal, stop.signal]);
  const polling = (async () => {
    let askedMs = performance.now();
    while (!over.aborted) {
      const healthy = await operator.isAlive();
      probes.longestSilenceMs = Math.max(probes.longestSilenceMs, performance.now() - askedMs);
      if (healthy) probes.healthy += 1;
      await sleep(probeIntervalMs);
      // A question without an answer goes on until there is one.
      if (healthy) askedMs = performance.now();
    }
  })();
  return async () => {
    const exited = gone.signal.aborted;
    const peakMiB = exited ? Number.NaN : await peakMemoryMiB(operator.pid);
    stop.abort();
    await polling;
    return { ...probes, peakMiB, exited };
  };
}

/** Most memory that a process has held, in MiB: since its start, or since {@link resetPeak}. */
export async function peakMemoryMiB(pid: number): Promise<number> {
  return await readMiB(pid, 'VmHWM');
}

/** Memory that a process holds now, in MiB. */
export async function memoryMiB(pid: number): Promise<number> {
  return await readMiB(pid, 'VmRSS');
}

/** Lets the peak begin again at what is held now. https://docs.kernel.org/filesystems/proc.html */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function readMiB(pid: number, field: string): Promise<number> {
  const lines = (await readFile(`/proc/${pid}/status`, 'utf8')).split('\n');
  const [, kilobytes] = lines.find((line) => line.startsWith(`${field}:`))?.split(/\s+/) ?? [];
  return Number(kilobytes) / 1_024;
}
