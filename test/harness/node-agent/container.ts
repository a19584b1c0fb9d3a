import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../control-plane/processes.ts';
import type { Container } from './pod-spec.ts';
import { probeContainer } from './probes.ts';

/** A container as the status of its Pod shows it. */
export interface ContainerState {
  running: boolean;
  started: boolean;
  ready: boolean;
  restarts: number;
  /** The exit code of the last run that ended; 128 and more for a signal. */
  lastExitCode?: number;
  /** Why it does not run. */
  waiting?: string;
}

/** What a container is run with. */
export interface ContainerRun {
  container: Container;
  /** The command line and the environment, created for each start. */
  prepare: () => Promise<{ argv: string[]; env: Record<string, string>; cwd?: string }>;
  podIP: string;
  graceMs: number;
  /** Gets what it writes. */
  output: (chunk: Buffer) => void;
  onChange: (state: ContainerState) => void;
}

/** Longest wait before the next start; the first is a tenth of a second, and each is twice as long. */
const longestWaitMs = 5_000;

/**
 * Runs a container and restarts it whenever it ends (restartPolicy `Always`), until the signal aborts. Then it is
 * asked to end, and made to after its grace period. Never rejects.
 */
export async function runContainer(run: ContainerRun, signal: AbortSignal): Promise<void> {
  const state: ContainerState = { running: false, started: false, ready: false, restarts: 0 };
  const tell = (changes: Partial<ContainerState>): void => run.onChange({ ...Object.assign(state, changes) });
  for (let failures = 0; !signal.aborted; failures++) {
    if (failures > 0) {
      const waitMs = Math.min(longestWaitMs, 100 * 2 ** (failures - 1));
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    try {
      const code = await runOnce(run, tell, signal);
      tell({ running: false, started: false, ready: false, lastExitCode: code, waiting: 'CrashLoopBackOff' });
      if (!signal.aborted) tell({ restarts: state.restarts + 1 });
    } catch (error) {
      run.output(Buffer.from(`node agent: ${error instanceof Error ? error.message : 'failed'}\n`));
      tell({ waiting: 'CreateContainerConfigError' });
    }
  }
}

/** One start to its end. Gives the exit code. */
async function runOnce(
  { container, prepare, podIP, graceMs, output }: ContainerRun,
  tell: (changes: Partial<ContainerState>) => void,
  signal: AbortSignal,
): Promise<number> {
  const { argv, env, cwd } = await prepare();
  const [command = '', ...args] = argv;
  const child = await startProcess({ name: container.name, command, args, env, output, ...(cwd && { cwd }) });
  const ended = new AbortController();
  void child.exited.then(() => ended.abort());
  tell({ running: true });
  const stop = AbortSignal.any([signal, ended.signal]);
  const unwell = await probeContainer(container, podIP, tell, stop);
  if (unwell !== undefined) output(Buffer.from(`node agent: ${unwell}\n`));
  // While it ends it is not ready, and its Service sends it nothing more.
  tell({ ready: false });
  const { code } = ended.signal.aborted ? await child.exited : await child.stop(graceMs);
  output(Buffer.from(`node agent: ${container.name} ended with code ${code ?? 137}\n`));
  return code ?? 137;
}
