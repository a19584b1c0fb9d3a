import { afterAll, beforeAll, expect, inject, it, onTestFailed } from 'vitest';
import { describePlan, planOf } from './plan.ts';
import { type Ground, openGround } from './scene.ts';
import { runStorm } from './storm.ts';

/** `npm run storm` tries others. */
const seed = 1;

let ground: Ground;
beforeAll(async () => {
  ground = await openGround(inject('operatorProgram'), () => {});
});
afterAll(() => ground?.close());

it(`after the storm of seed ${seed} CodeMie holds exactly what the cluster says`, async () => {
  const plan = planOf(seed);
  onTestFailed(() => console.error(describePlan(plan)));
  const { faults } = await runStorm(plan, ground);
  expect(faults).toEqual([]);
});
