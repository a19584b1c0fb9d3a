import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { expectNoSecrets } from '../cluster/suite.ts';
import { stretched } from '../harness/pace.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { type Stage, type StageOptions, startStage } from './stage.ts';
import { type AttackReport, underAttack } from './under-attack.ts';

export { underAttack };

/** Of an operator's output, in characters, when a test fails. */
const lastLines = 4_000;

/**
 * Gives a test file its own stage, see {@link Stage}. After the last test everything that operators wrote is
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
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    suite.world.calm();
    // Its last lines say why. An operator that exited fails its own test, not those that come after.
    process.stderr.write(`The operator's last lines:\n${suite.operator.output().slice(-lastLines)}\n`);
    if (!suite.operator.running()) suite.operator = await suite.start();
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

/**
 * Calls to the API server between an integration's creation and its being Ready, one after the other: the watch, the
 * Secret, the finalizer, the watch again, the status, and the read that shows it.
 */
const callsToReady = 6;

/**
 * Expects that an attack harmed no other team: the process lives, `/healthz` answered, memory stayed below the chart's
 * limit, and a bystander waited at most 5 s longer than at rest. On a slow machine, where rest is slow, more is
 * allowed; and so is what the API server itself takes in that time, which is as long for those who do without the
 * operator.
 */
export function expectUnharmed(stage: Stage, report: AttackReport): void {
  const what = JSON.stringify(report);
  expect(report.exited, `the operator exited: ${what}`).toBe(false);
  expect(report.longestSilenceMs, `/healthz did not answer: ${what}`).toBeLessThan(stretched(probeTimeoutMs));
  expect(report.peakMiB, `memory: ${what}`).toBeLessThan(stage.memoryLimitMiB);
  const allowedMs = stretched(5_000) + 4 * report.restMs + callsToReady * report.callMs;
  expect(report.attackedMs, `a bystander waited: ${what}`).toBeLessThan(allowedMs);
}
