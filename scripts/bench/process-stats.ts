import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** Clock ticks per second in /proc; 100 on every Linux that Node runs on (`getconf CLK_TCK`). */
const msPerTick = 10;

/** CPU time that a process has used so far, user and system, in milliseconds. Linux only. */
export async function cpuMs(pid: number): Promise<number> {
  return (await readStat(pid)).cpuMs;
}

/** CPU time of our direct child processes so far, by the name of their program, in milliseconds. */
async function cpuMsOfChildren(): Promise<Record<string, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const sums: Record<string, number> = {};
  for (const pid of pids) {
    // A process may end while we look.
    const stat = await readStat(pid).catch(() => undefined);
    if (stat?.parent === process.pid) sums[stat.program] = (sums[stat.program] ?? 0) + stat.cpuMs;
  }
  return sums;
}

async function readStat(pid: number): Promise<{ program: string; parent: number; cpuMs: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may hold blanks and parentheses; what follows does not. See proc_pid_stat(5).
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  const program = text.slice(text.indexOf('(') + 1, end);
  return { program, parent: parent ?? 0, cpuMs: ((user ?? 0) + (system ?? 0)) * msPerTick };
}

/** Memory of a process in MiB: what it holds now, and the most it has ever held. Linux only. */
export async function memoryMiB(pid: number): Promise<{ rss: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { rss: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}

/** How the machine was used for a time. */
export interface MachineUse {
  /** Share of all cores that was in use, 0 to 1. */
  busyShare: number;
  /** Share of all cores that was in use by others than this process and those that it has started, 0 to 1. */
  othersShare: number;
  /** CPU time of our API server and its store, in milliseconds. */
  apiServerCpuMs: number;
}

/** Begins to observe the machine. The returned function says how it was used since then. */
export async function watchMachine(): Promise<() => Promise<MachineUse>> {
  const before = await machineTimes();
  return async () => {
    const now = await machineTimes();
    const total = now.total - before.total;
    const busy = total - (now.idle - before.idle);
    return {
      busyShare: busy / total,
      othersShare: Math.max(0, busy - (now.own - before.own)) / total,
      apiServerCpuMs: now.apiServer - before.apiServer,
    };
  };
}

async function machineTimes(): Promise<{ idle: number; total: number; own: number; apiServer: number }> {
  const times = cpus().map((core) => core.times);
  const children = await cpuMsOfChildren();
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.flatMap((core) => Object.values(core))),
    own: (await cpuMs(process.pid)) + sum(Object.values(children)),
    apiServer: (children['kube-apiserver'] ?? 0) + (children['etcd'] ?? 0),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
