import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { steadyInterval } from './schedule.ts';

const intervalMs = 600_000;

/** How many of the objects return in the busiest second of their n-th return. */
function busiestSecond(uids: readonly string[], returns: number): number {
  const counts = new Map<number, number>();
  for (const uid of uids) {
    const second = Math.floor((returns * steadyInterval(intervalMs, uid)) / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

describe.each([
  { name: 'UIDs of the API server', uids: Array.from({ length: 10_000 }, () => randomUUID()) },
  {
    name: 'UIDs that differ in the end only',
    uids: Array.from({ length: 10_000 }, (_, index) => `f7a1-${index}`),
  },
])('10,000 objects that were created together, with $name', ({ uids }) => {
  it('return over a minute, and over ten minutes in the end', () => {
    // Even would be 167 and 17.
    expect(busiestSecond(uids, 1)).toBeLessThan(300);
    expect(busiestSecond(uids, 10)).toBeLessThan(60);
  });

  it('never return before their interval, and at most a tenth later', () => {
    const intervals = uids.map((uid) => steadyInterval(intervalMs, uid));
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(intervalMs);
    expect(Math.max(...intervals)).toBeLessThanOrEqual(1.1 * intervalMs);
    expect(uids.map((uid) => steadyInterval(intervalMs, uid))).toEqual(intervals);
  });
});
