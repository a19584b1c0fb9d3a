import { describe, expect, it } from 'vitest';
import { type Condition, setCondition } from './conditions.ts';

const old: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Starting',
  message: 'Not yet.',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const nowMs = Date.parse('2026-06-01T12:00:00.789Z');

describe('setCondition', () => {
  it.each<{ name: string; before: Condition[]; set: Omit<Condition, 'lastTransitionTime'>; since: string }>([
    { name: 'a new type begins now', before: [], set: old, since: '2026-06-01T12:00:00Z' },
    {
      name: 'a new status begins now',
      before: [old],
      set: { ...old, status: 'True' },
      since: '2026-06-01T12:00:00Z',
    },
    {
      name: 'a new reason or message keeps the time',
      before: [old],
      set: { ...old, reason: 'Waiting', message: 'Still not.', observedGeneration: 2 },
      since: '2026-01-01T00:00:00Z',
    },
  ])('$name', ({ before, set, since }) => {
    expect(setCondition(before, set, nowMs)).toEqual([{ ...set, lastTransitionTime: since }]);
  });

  it('keeps the order and the other types, and leaves the given list alone', () => {
    const before = [{ ...old, type: 'A' }, old, { ...old, type: 'Z' }];
    const after = setCondition(before, { ...old, status: 'True' }, nowMs);
    expect(after.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'A False',
      'Ready True',
      'Z False',
    ]);
    expect(before[1]).toBe(old);
  });
});
