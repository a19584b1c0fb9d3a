import { describe, expect, it } from 'vitest';
import { createKeptListings } from './kept-listings.ts';

function setUp(maxRows: number) {
  const listings = createKeptListings(maxRows);
  const dropped: string[] = [];
  const owners = new Map(['a', 'b', 'c'].map((name) => [name, {}]));
  const owner = (name: string): object => owners.get(name) ?? {};
  const keep = (name: string, rows: number) =>
    listings.keep(owner(name), rows, () => void dropped.push(name));
  return { listings, dropped, owner, keep };
}

describe('createKeptListings', () => {
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
});
