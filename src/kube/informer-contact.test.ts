import { describe, expect, it } from 'vitest';
import { areInContact } from './informer.ts';

const informer = (isSynced: boolean, ageMs: number) => ({
  synced: () => isSynced,
  contactAgeMs: () => ageMs,
});

describe('areInContact', () => {
  it.each([
    { name: 'all have heard lately', informers: [informer(true, 0), informer(true, 999)], want: true },
    { name: 'one has not', informers: [informer(true, 0), informer(true, 1000)], want: false },
    { name: 'one still waits for its first list', informers: [informer(false, Infinity)], want: true },
    { name: 'there are none', informers: [], want: true },
  ])('is $want when $name', ({ informers, want }) => {
    expect(areInContact(informers, 1000)).toBe(want);
  });
});
