import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, createModel } from './testing/claims-model.ts';

/*
 * Tenants create, rename, move, break, delete and forge, while the operator is somewhere in the middle of its passes and
 * reads caches and listings that are behind. Whatever the order: an integration in CodeMie changes its owner only after
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

  const apply = (object: number, alias: number, policy = 1): Action[] => [
    { do: 'apply', object, connection: 0, alias, policy, orphan: false },
  ];
  const reconcile = (object: number): Action[] => [{ do: 'reconcile', object }];
  const person = (act: 'strip' | 'rename'): Action[] => [{ do: 'person', row: 0, act, alias: 1 }];
  const sync: Action = { do: 'sync' };

  it.each([
    [0, 2],
    [2, 0],
  ])(
    'nor between the status that records a row and the cache that shows it, of %i and %i',
    (owner, rival) => {
      const made = [...apply(owner, 0), sync, ...reconcile(owner), ...person('strip')];
      expect(takenFrom([...made, ...apply(rival, 0), ...reconcile(rival)])).toEqual([]);
      expect(takenFrom([...made, ...person('rename'), ...apply(rival, 1), ...reconcile(rival)])).toEqual([]);
    },
  );

  it('an operator that does not ask for the owner of a row is found out', () => {
    const actions = [
      ...apply(0, 0),
      sync,
      ...reconcile(0),
      sync,
      ...person('rename'),
      ...apply(2, 1, 2),
      ...reconcile(2),
    ];
    expect(takenFrom(actions)).toEqual([]);
    expect(takenFrom(actions, false)).toHaveLength(1);
  });
});
