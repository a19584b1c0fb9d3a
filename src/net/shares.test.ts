import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { createShares, type Release, type Share, type Shares } from './shares.ts';

/** A share of two. */
const host = { name: 'git.example.com', most: () => 2 };
let shares: Shares;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  shares = createShares({ capacity: 10, patienceMs: 1000, clock: { ...systemClock, now: () => Date.now() } });
});
afterEach(() => void vi.useRealTimers());

/** What came of each request for a place, by the name of the one who asked. */
const given: string[] = [];
beforeEach(() => void (given.length = 0));

async function take(name: string, own: readonly Share[] = [host], signal?: AbortSignal): Promise<Release> {
  const place = await shares.take(name, own, signal);
  given.push(
    `${name} ${typeof place === 'function' ? 'given' : `refused for ${place.name}`} at ${Date.now()}`,
  );
  return typeof place === 'function' ? place : () => {};
}

it('gives out as many places as each share has', async () => {
  await take('a');
  await take('b');
  await take('other', [{ ...host, name: 'other.example.com' }]);
  void take('c');
  await vi.advanceTimersByTimeAsync(0);
  expect(given).toEqual(['a given at 0', 'b given at 0', 'other given at 0']);
});

it('passes them on in the order of asking', async () => {
  const [a, b] = [await take('a'), await take('b')];
  const rest = [take('c'), take('d'), take('e')];
  await vi.advanceTimersByTimeAsync(300);
  a();
  b();
  await vi.advanceTimersByTimeAsync(0);
  (await rest[0])?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(given.slice(2)).toEqual(['c given at 300', 'd given at 300', 'e given at 300']);
});

it('lets tenants take turns', async () => {
  const [a, b] = [await take('a'), await take('a')];
  for (const name of ['a', 'a', 'a', 'b']) void take(name);
  a();
  b();
  await vi.advanceTimersByTimeAsync(0);
  expect(given.slice(2)).toEqual(['a given at 0', 'b given at 0']);
});

it('passes over those of a share that is full', async () => {
  await take('a');
  await take('a');
  void take('a');
  await take('a', [{ ...host, name: 'other.example.com' }]);
  expect(given).toEqual(['a given at 0', 'a given at 0', 'a given at 0']);
});

it('refuses what would wait for requests that do not get on, and names their share', async () => {
  await take('a');
  await vi.advanceTimersByTimeAsync(400);
  await take('b');
  void take('c');
  await vi.advanceTimersByTimeAsync(5000);
  await take('d');
  expect(given.slice(2)).toEqual([
    'c refused for git.example.com at 1400',
    'd refused for git.example.com at 5400',
  ]);
});

it('lets them wait as long as the others get on, even if one hangs', async () => {
  await take('hanging');
  let running = await take('quick 0');
  const waiting = [take('quick 1'), take('quick 2'), take('quick 3')];
  for (const next of waiting) {
    await vi.advanceTimersByTimeAsync(900);
    running();
    running = await next;
  }
  expect(given.slice(2)).toEqual(['quick 1 given at 900', 'quick 2 given at 1800', 'quick 3 given at 2700']);
});

it('withdraws one whose signal aborts, and keeps no place for it', async () => {
  const [a, b] = [await take('a'), await take('b')];
  const abort = new AbortController();
  const refused = take('c', [host], abort.signal).catch((error: unknown) => error);
  abort.abort(new Error('enough'));
  a();
  b();
  expect(await refused).toEqual(new Error('enough'));
  await take('d');
  await take('e');
  expect(given.slice(2)).toEqual(['d given at 0', 'e given at 0']);
});

it('gives nothing to a signal that has aborted before', async () => {
  await expect(shares.take('a', [host], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

it('a part of what is left grows smaller with what others have, and is never nothing while there is something', async () => {
  const half = (name: string): Share => ({ name, most: (left) => left / 2 });
  for (const name of ['a', 'a', 'a', 'a', 'b', 'b', 'c', 'd', 'e', 'f']) void take(name, [half(name)]);
  await vi.advanceTimersByTimeAsync(0);
  expect(given.map((each) => each[0]).join('')).toBe('aaaabbcdef');
  expect(shares.running).toBe(10);
});
