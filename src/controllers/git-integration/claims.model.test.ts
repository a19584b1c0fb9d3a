import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, createModel } from './testing/claims-model.ts';

/*
 * Tenants create, rename, move, break, delete and forge, while the operator is somewhere in the middle of its passes and
 * looks at caches and listings that are behind. Whatever the order: an integration in CodeMie changes its owner only after
 * its owner released it.
 */

const number = fc.nat(59);
const object = { object: number };
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      ...object,
      connection: number,
      alias: number,
      policy: number,
      orphan: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('pass' as const, 'write' as const, 'record' as const, 'reconcile' as const),
      ...object,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'finalize' as const), ...object }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forge' as const), ...object, victim: number }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('person' as const),
      row: number,
      act: fc.constantFrom('strip' as const, 'rename' as const, 'seed' as const),
      alias: number,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('sync' as const, 'sync' as const, 'sync' as const, 'restart' as const),
    }),
  },
);

const sequence = fc.array(anyAction, { minLength: 6, maxLength: 40 });

function takenFrom(actions: readonly Action[], asksOwners?: boolean): readonly string[] {
  const model = createModel(asksOwners);
  for (const action of actions) model.run(action);
  return model.takenFrom;
}

describe('claims', () => {
  it('an integration changes its owner only after its owner released it', { timeout: 300_000 }, () => {
    const property = fc.property(sequence, (actions) => {
      expect(takenFrom(actions)).toEqual([]);
    });
    fc.assert(property, { numRuns: 10_000 });
  });

  it('an operator that does not ask for the owner of a row is found out', () => {
    const property = fc.property(sequence, (actions) => takenFrom(actions, false).length === 0);
    expect(fc.check(property, { numRuns: 10_000 }).failed).toBe(true);
  });
});
