import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { expectNoSecrets } from '../cluster/suite.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { type Observation, observe } from './observed-process.ts';
import { type Stage, type StageOptions, startStage } from './stage.ts';

/**
 * Gives a test file a stage of its own, see {@link Stage}. After the last test everything that operators wrote is
 * searched for every secret of the file: output, metrics, events, statuses.
 */
export function useStage(options: Omit<StageOptions, 'kubeconfig' | 'entryPoint'> = {}): Stage {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is filled in before the first test
  const suite = {} as Stage;
  beforeAll(async () => {
    const started = await startStage({
      ...options,
      kubeconfig: kubeconfigPath(),
      entryPoint: inject('operatorProgram'),
    });
    Object.assign(suite, started);
  });
  afterAll(async () => {
    if (suite.cluster === undefined) return;
    try {
      const running = suite.started.filter((operator) => operator.output() !== '');
      await expectNoSecrets({ cluster: suite.cluster, searched: new Map() }, running, suite.guarded);
    } finally {
      await suite.close();
    }
  });
  return suite;
}

/** How long the kubelet waits for an answer of `/healthz` by the chart; it asks three times before it kills. */
const probeTimeoutMs = 5_000;

/** What an attack did to the others. */
export interface AttackReport extends Observation {
  /** After how long a bystander's new integration was Ready at rest, in milliseconds: the longest of three. */
  restMs: number;
  /** The same while the attack was under way: the longest of all. */
  attackedMs: number;
}

export interface AttackOptions {
  /** How many bystanders come during the attack, one after the other. Default 3. */
  bystanders?: number;
  /** For how long bystanders come after all is in place, in milliseconds, if that is longer. Default 0. */
  lastingMs?: number;
  /** How long to wait for each, in milliseconds. Default: 120 s, enough to report a figure instead of a time-out. */
  withinMs?: number;
}

/**
 * Measures bystanders at rest, begins an attack, and measures them while it is under way. `attack` resolves when
 * everything that harms is in place (objects are created, a server hangs); what it started may go on.
 *
 * While it creates its objects, a bystander is measured, too: most attacks hurt when they arrive.
 */
export async function underAttack(
  stage: Stage,
  attack: () => Promise<unknown>,
  { bystanders = 3, lastingMs = 0, withinMs }: AttackOptions = {},
): Promise<AttackReport> {
  const restMs = await longestBystander(stage, 3);
  const end = await observe(stage.operator);
  const [duringMs] = await Promise.all([stage.bystander(withinMs), attack()]);
  const lastsUntilMs = performance.now() + lastingMs;
  let attackedMs = Math.max(duringMs, await longestBystander(stage, bystanders, withinMs));
  while (performance.now() < lastsUntilMs) {
    attackedMs = Math.max(attackedMs, await stage.bystander(withinMs));
    await sleep(pauseMs);
  }
  return { ...(await end()), restMs, attackedMs };
}

/** Between bystanders that come for a while. */
const pauseMs = 500;

async function longestBystander(stage: Stage, count: number, withinMs?: number): Promise<number> {
  let longestMs = 0;
  for (let index = 0; index < count; index += 1)
    longestMs = Math.max(longestMs, await stage.bystander(withinMs));
  return longestMs;
}

/**
 * Expects that an attack harmed nobody: the process lives, `/healthz` answered, memory stayed below the chart's limit,
 * and a bystander waited at most 5 s longer than at rest. On a slow machine, where rest is slow, more is allowed.
 */
export function expectUnharmed(stage: Stage, report: AttackReport): void {
  const what = JSON.stringify(report);
  expect(report.exited, `the operator exited: ${what}`).toBe(false);
  expect(report.longestSilenceMs, `/healthz did not answer: ${what}`).toBeLessThan(probeTimeoutMs);
  expect(report.peakMiB, `memory: ${what}`).toBeLessThan(stage.memoryLimitMiB);
  expect(report.attackedMs, `a bystander waited: ${what}`).toBeLessThan(5_000 + 4 * report.restMs);
}
