import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startControlPlane } from '../../../test/harness/control-plane/control-plane.ts';
import { installCrds } from '../../../test/harness/crds.ts';
import { memoryMiB, peakMemoryMiB, resetPeak } from '../../../test/isolation/observed-process.ts';
import { type Stage, startStage } from '../../../test/isolation/stage.ts';
import type { Progress } from '../progress.ts';
import { type Attack, attackersCodeMie, attackersToken } from './attacks.ts';

/** What an attack did. */
export interface HostileFigures {
  attack: string;
  /** After how long another team's new integration was Ready at rest, the longest of three. */
  restMs: number;
  /** The same during the attack, the longest of all. Infinity: not within the time that was given. */
  attackedMs: number;
  restMiB: number;
  /** Most memory that the process held, of all processes that there were. */
  peakMiB: number;
  /** How often the process ended and was started again. */
  restarts: number;
}

/** For how long the others are measured after everything is in place. */
const lastingMs = 30_000;
/** How long one of them is waited for: a team would have asked for help by then. */
const patienceMs = 120_000;
const pauseMs = 500;
/** The kernel keeps the peak; this is for processes that end. */
const samplingMs = 200;

export interface HostileOptions {
  /** The operator's bundle. */
  entryPoint: string;
  progress: Progress;
  signal: AbortSignal;
}

/** Measures one attack on a separate control plane, so that nothing is left of the one before. */
export async function runAttack(attack: Attack, options: HostileOptions): Promise<HostileFigures> {
  const { entryPoint, progress, signal } = options;
  progress.step(`${attack.name}: start`);
  const controlPlane = await startControlPlane({ log: () => {}, signal, gcPercent: 400 });
  try {
    await installCrds(controlPlane.kubeconfigPath);
    const peers = attack.peers?.(attackersCodeMie(attackersToken)) ?? [];
    const stage = await startStage({ kubeconfig: controlPlane.kubeconfigPath, entryPoint, peers });
    try {
      return await measure(stage, attack, progress);
    } finally {
      await stage.close();
    }
  } finally {
    await controlPlane.stop();
  }
}

async function measure(stage: Stage, attack: Attack, progress: Progress): Promise<HostileFigures> {
  let restMs = 0;
  if (attack.restart) {
    // At rest, too, a bystander waits for the start.
    await stage.bystander();
    await stage.operator.stop();
    stage.operator = await stage.start({ waitUntilReady: false });
  }
  for (let count = 0; count < 3; count += 1) restMs = Math.max(restMs, await stage.bystander());
  const restMiB = await memoryMiB(stage.operator.pid);
  const team = await stage.tenant('team-a');
  const kubelet = await keepRunning(stage);
  progress.step(`${attack.name}: attack`);
  const bystander = (): Promise<number> => stage.bystander(patienceMs).catch(() => Number.POSITIVE_INFINITY);
  const [duringMs] = await Promise.all([bystander(), attack.begin(team, stage)]);
  if (attack.restart) await kubelet.restart();
  const untilMs = performance.now() + lastingMs;
  let attackedMs = duringMs;
  do {
    attackedMs = Math.max(attackedMs, await bystander());
    await sleep(pauseMs);
  } while (performance.now() < untilMs && Number.isFinite(attackedMs));
  return { attack: attack.name, restMs, attackedMs, restMiB, ...(await kubelet.stop()) };
}

/** Starts the operator again when it ends, as a kubelet does, and keeps the highest memory of all its processes. */
async function keepRunning(stage: Stage) {
  const tally = { peakMiB: 0, starts: 0, asked: 0 };
  const stop = new AbortController();
  const stopped = once(stop.signal, 'abort');
  await resetPeak(stage.operator.pid);
  const sample = async (): Promise<void> => {
    // It may have exited just now.
    const peakMiB = await peakMemoryMiB(stage.operator.pid).catch(() => 0);
    if (peakMiB > tally.peakMiB) tally.peakMiB = peakMiB;
  };
  const sampling = setInterval(() => void sample(), samplingMs);
  const running = (async () => {
    while (!stop.signal.aborted) {
      await Promise.race([stage.operator.exited, stopped]);
      if (stop.signal.aborted) return;
      stage.operator = await stage.start({ waitUntilReady: false });
      tally.starts += 1;
    }
  })();
  return {
    async restart(): Promise<void> {
      const { starts } = tally;
      tally.asked += 1;
      await stage.operator.stop();
      while (tally.starts === starts) await sleep(50);
    },
    async stop() {
      await sample();
      clearInterval(sampling);
      stop.abort();
      await running;
      return { peakMiB: tally.peakMiB, restarts: tally.starts - tally.asked };
    },
  };
}

/** The figures as a table of Markdown. */
export function hostileTable(figures: readonly HostileFigures[]): string {
  const rows = figures.map(({ attack, restMs, attackedMs, restMiB, peakMiB, restarts }) =>
    [attack, seconds(restMs), seconds(attackedMs), mib(restMiB), mib(peakMiB), String(restarts)].join(' | '),
  );
  const head = ['Attack', 'wait at rest', 'during', 'memory at rest', 'peak', 'restarts'];
  return [head.join(' | '), head.map(() => '---').join(' | '), ...rows].map((row) => `| ${row} |`).join('\n');
}

const seconds = (ms: number): string =>
  Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : `over ${patienceMs / 1_000} s`;
const mib = (value: number): string => `${Math.round(value)} MiB`;
