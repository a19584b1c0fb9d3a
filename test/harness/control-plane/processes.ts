import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a process ended: one of the two is set. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What to start. `output` is a file that is appended to, or a function that gets every chunk. */
export interface ProcessOptions {
  /** Names the process in messages. */
  name: string;
  command: string;
  args: string[];
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
  output: string | ((chunk: Buffer) => void);
  cwd?: string;
  /** A folder that is removed if our own process dies without having stopped this one. */
  removeIfOrphaned?: string;
}

/** A running process that doesn't outlive ours. */
export interface ManagedProcess {
  name: string;
  pid: number;
  /** Resolves when the process has exited and all its output has arrived. Never rejects. */
  exited: Promise<Exit>;
  running(): boolean;
  /** Asks it to exit (SIGTERM), and kills it (SIGKILL) after `graceMs`. Resolves when it has exited. */
  stop: (graceMs?: number) => Promise<Exit>;
  /** SIGKILL. Resolves when it has exited. */
  kill: () => Promise<Exit>;
}

/**
 * Starts a process in its own process group, so that a Ctrl-C in the terminal reaches only us and we
 * decide the order in which things stop. A guard kills it when our process ends in any way, even by SIGKILL.
 * Throws when the command can't be started.
 */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const child = spawnChild(options);
  let ended = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  // Rejects with the 'error' event, e.g. ENOENT.
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name} has no process id`);
  const guard = startGuard(pid, options.removeIfOrphaned);
  void exited.then(() => guard.kill('SIGKILL'));

  const kill = async (): Promise<Exit> => {
    child.kill('SIGKILL');
    return await exited;
  };
  return {
    name: options.name,
    pid,
    exited,
    running: () => !ended,
    kill,
    stop: async (graceMs = 10_000) => {
      child.kill('SIGTERM');
      const cancel = new AbortController();
      const late = sleep(graceMs, 'late' as const, { signal: cancel.signal }).catch(() => 'late' as const);
      const first = await Promise.race([exited, late]);
      cancel.abort();
      return first === 'late' ? await kill() : first;
    },
  };
}

function spawnChild(options: ProcessOptions): ChildProcess {
  const { command, args, env, cwd, output } = options;
  const common = { env, detached: true, ...(cwd === undefined ? {} : { cwd }) };
  if (typeof output === 'function') {
    const child = spawn(command, args, { ...common, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', output);
    child.stderr.on('data', output);
    return child;
  }
  const file = openSync(output, 'a');
  try {
    return spawn(command, args, { ...common, stdio: ['ignore', file, file] });
  } finally {
    closeSync(file);
  }
}

/**
 * A shell that waits for the end of its input, which comes when our process is gone, and then kills the
 * process it guards. The pause lets several guards finish before a shared folder is removed.
 */
const guardScript = 'while read -r _; do :; done; kill -KILL "$1"; test -z "$2" || { sleep 1; rm -rf "$2"; }';

function startGuard(pid: number, removeIfOrphaned = ''): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', guardScript, 'guard', String(pid), removeIfOrphaned], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.stdin.on('error', () => {});
  guard.unref();
  // A pipe to a child is a socket, which is what keeps the event loop alive; the type only promises a stream.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return guard;
}
