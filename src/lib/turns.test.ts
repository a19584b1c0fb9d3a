import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { createTurns, type Turns } from './turns.ts';

type Lane = 'high' | 'low';
const order = ['high', 'low'] as const;

/** Adds items that are called `tenant/number` and takes as many as there are. */
function takeAll(turns: Turns<string, Lane>): string[] {
  const taken: string[] = [];
  for (let turn = turns.take({ order }); turn !== undefined; turn = turns.take({ order }))
    taken.push(turn.item);
  return taken;
}

describe('createTurns', () => {
  it.each<{ name: string; items: [tenant: string, lane: Lane, item: string][]; want: string[] }>([
    {
      name: 'one tenant: first come, first served',
      items: [
        ['a', 'high', 'a1'],
        ['a', 'high', 'a2'],
        ['a', 'high', 'a3'],
      ],
      want: ['a1', 'a2', 'a3'],
    },
    {
      name: 'tenants take turns',
      items: [
        ['a', 'high', 'a1'],
        ['a', 'high', 'a2'],
        ['a', 'high', 'a3'],
        ['b', 'high', 'b1'],
        ['c', 'high', 'c1'],
        ['c', 'high', 'c2'],
      ],
      want: ['a1', 'b1', 'c1', 'a2', 'c2', 'a3'],
    },
    {
      name: 'within a round, the preferred lane first',
      items: [
        ['a', 'low', 'a1'],
        ['b', 'high', 'b1'],
        ['b', 'high', 'b2'],
        ['a', 'low', 'a2'],
      ],
      want: ['b1', 'a1', 'b2', 'a2'],
    },
    {
      name: 'a tenant with items in both lanes has one turn in each round',
      items: [
        ['a', 'low', 'a-low'],
        ['a', 'high', 'a-high'],
        ['b', 'low', 'b1'],
        ['b', 'low', 'b2'],
      ],
      want: ['a-high', 'b1', 'a-low', 'b2'],
    },
  ])('$name', ({ items, want }) => {
    const turns = createTurns<string, Lane>();
    for (const item of items) turns.add(...item);
    expect(turns.count()).toBe(items.length);
    expect(takeAll(turns)).toEqual(want);
    expect(turns.count()).toBe(0);
  });

  it('a tenant that is held back keeps its place, and the others go on', () => {
    const turns = createTurns<string, Lane>();
    for (const [tenant, item] of [
      ['a', 'a1'],
      ['b', 'b1'],
      ['b', 'b2'],
      ['b', 'b3'],
    ] as const)
      turns.add(tenant, 'high', item);
    const withoutA = { order, tenantMay: (tenant: string) => tenant !== 'a' };
    expect([turns.take(withoutA), turns.take(withoutA)].map((turn) => turn?.item)).toEqual(['b1', 'b2']);
    expect(takeAll(turns)).toEqual(['a1', 'b3']);
  });

  it('skips items that must wait', () => {
    const turns = createTurns<string, Lane>();
    for (const item of ['a1', 'a2', 'a3']) turns.add('a', 'high', item);
    expect(turns.take({ order, itemMay: (item) => item === 'a2' })?.item).toBe('a2');
    expect(turns.take({ order, itemMay: () => false })).toBeUndefined();
    expect(takeAll(turns)).toEqual(['a1', 'a3']);
  });

  it('an item that left has no turn, and its tenant no place', () => {
    const turns = createTurns<string, Lane>();
    const leave = turns.add('a', 'high', 'a1');
    turns.add('b', 'high', 'b1');
    leave();
    expect([turns.count(), turns.count('a'), turns.fullest()]).toEqual([1, 0, 'b']);
    expect(takeAll(turns)).toEqual(['b1']);
  });

  it('the first item of a tenant waits for at most one turn of each other tenant, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ tenant: fc.nat(4), lane: fc.constantFrom<Lane>('high', 'low') }),
      fc.constantFrom<'take' | 'takeLow'>('take', 'takeLow'),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100 }),
        fc.array(step, { maxLength: 100 }),
        fc.constantFrom<Lane>('high', 'low'),
        (before, after, lane) => {
          const turns = createTurns<string, Lane>();
          const seen = new Map<string, number>();
          let served = false;
          const play = (steps: typeof before): void => {
            for (const each of steps) {
              if (served) return;
              if (typeof each === 'object') turns.add(`t${each.tenant}`, each.lane, `t${each.tenant}`);
              else {
                const turn = turns.take({ order: each === 'take' ? order : ['low', 'high'] });
                if (turn) seen.set(turn.tenant, (seen.get(turn.tenant) ?? 0) + 1);
                served = turn?.tenant === 'new';
              }
            }
          };
          play(before);
          seen.clear();
          turns.add('new', lane, 'new');
          play(after);
          while (turns.count('new') > 0) play(['take']);
          for (const count of seen.values()) expect(count).toBe(1);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('right after a turn of the same tenant it is at most two', () => {
    const adding = fc.record({ tenant: fc.nat(3), lane: fc.constantFrom<Lane>('high', 'low') });
    fc.assert(
      fc.property(fc.array(fc.oneof(adding, fc.constant('take' as const)), { maxLength: 200 }), (steps) => {
        const turns = createTurns<string, Lane>();
        const seen = new Map<string, Map<string, number>>();
        for (const each of steps) {
          if (each !== 'take') {
            const tenant = `t${each.tenant}`;
            if (turns.count(tenant) === 0) seen.set(tenant, new Map());
            turns.add(tenant, each.lane, tenant);
            continue;
          }
          const turn = turns.take({ order });
          if (!turn) continue;
          seen.set(turn.tenant, new Map());
          for (const [tenant, others] of seen) {
            if (tenant === turn.tenant || turns.count(tenant) === 0) continue;
            others.set(turn.tenant, (others.get(turn.tenant) ?? 0) + 1);
            expect(others.get(turn.tenant)).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('100,000 items of 10,000 tenants cost as much each as a few do', () => {
    const turns = createTurns<number, Lane>();
    const beganMs = performance.now();
    for (let item = 0; item < 100_000; item++)
      turns.add(`t${item % 10_000}`, item % 3 ? 'high' : 'low', item);
    let taken = 0;
    while (turns.take({ order })) taken++;
    expect(taken).toBe(100_000);
    // A cost that grew with their number would take minutes.
    expect(performance.now() - beganMs).toBeLessThan(stretched(15_000));
  });
});
