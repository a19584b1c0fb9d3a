import { describe, expect, it } from 'vitest';
import { createListingCache } from './listing-cache.ts';

function setUp(maxPerNamespace: number, max = maxPerNamespace) {
  const all = createListingCache({ max, maxPerNamespace });
  const listings = all.of('team-a');
  const dropped: string[] = [];
  const owners = new Map(['a', 'b', 'c'].map((name) => [name, {}]));
  const owner = (name: string): object => owners.get(name) ?? {};
  const keep = (name: string, rows: number) =>
    listings.keep(owner(name), rows, () => void dropped.push(name));
  return { all, listings, dropped, owner, keep };
}

describe('createListingCache', () => {
  it('drops the one that was kept first when there are too many rows', () => {
    const { dropped, keep } = setUp(10);
    keep('a', 5);
    keep('b', 5);
    expect(dropped).toEqual([]);
    keep('c', 1);
    expect(dropped).toEqual(['a']);
  });

  it('spares the one that was read last', () => {
    const { listings, dropped, owner, keep } = setUp(10);
    keep('a', 5);
    keep('b', 5);
    listings.touch(owner('a'));
    keep('c', 5);
    expect(dropped).toEqual(['b']);
  });

  it('counts the latest listing of each', () => {
    const { dropped, keep } = setUp(10);
    keep('a', 9);
    keep('a', 5);
    keep('b', 5);
    expect(dropped).toEqual([]);
  });

  it('drops one that is too large at once', () => {
    const { dropped, keep } = setUp(10);
    keep('a', 11);
    expect(dropped).toEqual(['a']);
  });

  it('forgets what is gone', () => {
    const { listings, dropped, owner, keep } = setUp(10);
    keep('a', 10);
    listings.forget(owner('a'));
    keep('b', 10);
    expect(dropped).toEqual([]);
  });

  it('drops what a namespace has too much of, and nothing of others', () => {
    const { all, dropped, keep } = setUp(10, 20);
    keep('a', 5);
    const lost: number[] = [];
    for (let index = 0; index < 20; index++) all.of('team-b').keep({}, 4, () => void lost.push(index));
    expect(dropped).toEqual([]);
    expect(lost).toEqual(Array.from({ length: 18 }, (_, index) => index));
  });

  it('drops what those have most who have too much together', () => {
    const { all, dropped, keep } = setUp(10, 15);
    keep('a', 3);
    const lost: string[] = [];
    for (const name of ['b1', 'b2']) all.of('team-b').keep({}, 5, () => void lost.push(name));
    all.of('team-c').keep({}, 4, () => void lost.push('c'));
    expect([dropped, lost]).toEqual([[], ['b1']]);
  });
});
