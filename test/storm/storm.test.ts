import { afterAll, beforeAll, expect, inject, it, onTestFailed } from 'vitest';
import { describePlan, planOf } from './plan.ts';
import { type StormCluster, startStormCluster } from './scene.ts';
import { runStorm } from './storm.ts';

/** `npm run storm` tries others. */
const seed = 1;

let stormCluster: StormCluster;
beforeAll(async () => {
  stormCluster = await startStormCluster(inject('operatorProgram'), () => {});
});
afterAll(() => stormCluster?.close());

it(`after the storm of seed ${seed} CodeMie holds exactly what the cluster says`, async () => {
  const plan = planOf(seed);
  onTestFailed(() => console.error(describePlan(plan)));
  const { faults } = await runStorm(plan, stormCluster);
  expect(faults).toEqual([]);
});
