import type { Plan, Step } from './plan.ts';

/**
 * Takes steps out of a plan as long as what is left still fails (Zeller's ddmin). What a storm does depends on timing,
 * too, so the result is a plan that has failed once, not the shortest there is.
 *
 * @param fails whether a plan fails; expensive
 * @param isOver no more plans are tried from then on
 * @see https://www.st.cs.uni-saarland.de/papers/tse2002/tse2002.pdf
 */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
  isOver: () => boolean,
): Promise<Plan> {
  let best = plan;
  let steps = positionsOf(best);
  for (let parts = 2; steps.length > 1; ) {
    const size = Math.ceil(steps.length / parts);
    let isSmaller = false;
    for (let from = 0; from < steps.length && !isSmaller; from += size) {
      if (isOver()) return best;
      const rest = [...steps.slice(0, from), ...steps.slice(from + size)];
      const tried = planWith(plan, rest);
      if (!(await fails(tried))) continue;
      [best, steps, isSmaller] = [tried, rest, true];
    }
    if (!isSmaller && size === 1) return best;
    parts = isSmaller ? Math.max(2, parts - 1) : Math.min(steps.length, 2 * parts);
  }
  return best;
}

interface Position {
  round: number;
  step: Step;
}

function positionsOf(plan: Plan): Position[] {
  return plan.flatMap((steps, round) => steps.map((step) => ({ round, step })));
}

/** The plan with these steps alone. Rounds that are empty by that are left out, calms included. */
function planWith(plan: Plan, kept: readonly Position[]): Plan {
  return plan
    .map((_, round) => kept.filter((each) => each.round === round).map(({ step }) => step))
    .filter((steps) => steps.length > 0);
}
