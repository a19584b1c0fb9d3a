import { expect, it } from 'vitest';
import { describePlan, type Plan, planOf } from './plan.ts';
import { shrink } from './shrink.ts';

const never = (): boolean => false;
const count = (plan: Plan): number => plan.flat().length;

it('plans the same storm for the same seed, and another one for another', () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(describePlan(planOf(8))).not.toBe(describePlan(planOf(7)));
});

it('leaves the steps that it takes for a plan to fail, in their rounds', async () => {
  const plan = planOf(7);
  const needed = [plan[0]?.[3], plan[2]?.[5]];
  const fails = async (tried: Plan): Promise<boolean> => needed.every((step) => tried.flat().includes(step!));
  expect(await shrink(plan, fails, never)).toEqual([[needed[0]], [needed[1]]]);
});

it('leaves a plan as it was of which every step is needed', async () => {
  const plan = planOf(7);
  const fails = async (tried: Plan): Promise<boolean> => count(tried) === count(plan);
  expect(await shrink(plan, fails, never)).toEqual(plan);
});

it('returns what it has when the time is up', async () => {
  let tries = 0;
  const half = await shrink(
    planOf(7),
    async () => true,
    () => tries++ >= 1,
  );
  expect(count(half)).toBeLessThan(count(planOf(7)));
});
