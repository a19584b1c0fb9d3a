import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitSetting, Scope } from './setting.ts';
import { createSharedListing, type SharedListing } from './shared-listing.ts';

const { signal } = new AbortController();

let nowMs: number;
let readings: { scope: Scope; finish: () => void; fail: () => void }[];
let shared: SharedListing;
let ended: AbortController;

beforeEach(() => {
  nowMs = 1000;
  readings = [];
  ended = new AbortController();
  shared = createSharedListing({
    list: (scope) =>
      new Promise<GitSetting[]>((resolve, reject) => {
        readings.push({ scope, finish: () => resolve([]), fail: () => reject(new Error('broken')) });
      }),
    now: () => nowMs,
    signal: ended.signal,
    windowMs: 2000,
  });
});

afterEach(() => ended.abort());

/** Lets everything that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('createSharedListing', () => {
  it('reads once for all who ask at the same time, and for a while after', async () => {
    const asked = [shared.get('Project', { signal }), shared.get('Project', { signal })];
    await settle();
    asked.push(shared.get('Project', { signal }));
    readings[0]?.finish();
    const listings = await Promise.all(asked);
    expect(new Set(listings).size).toBe(1);
    expect(listings[0]?.startedAtMs).toBe(1000);

    nowMs = 3000;
    await shared.get('Project', { signal });
    expect(readings).toHaveLength(1);
    nowMs = 3001;
    void shared.get('Project', { signal });
    await settle();
    expect(readings).toHaveLength(2);
  });

  it('keeps the scopes apart', async () => {
    void shared.get('Project', { signal });
    void shared.get('User', { signal });
    await settle();
    expect(readings.map((reading) => reading.scope)).toEqual(['Project', 'User']);
  });

  it.each([
    {
      name: 'as late as a write that ended in the same millisecond',
      startedAfterMs: 1000,
      readingsNeeded: 2,
    },
    { name: 'later', startedAfterMs: 1500, readingsNeeded: 2 },
    { name: 'after the write', startedAfterMs: 999, readingsNeeded: 1 },
  ])(
    'does not take a listing for decided that did not start $name',
    async ({ startedAfterMs, readingsNeeded }) => {
      const first = shared.get('Project', { signal });
      await settle();
      readings[0]?.finish();
      await first;
      nowMs = 1600;
      void shared.get('Project', { startedAfterMs, signal });
      await settle();
      expect(readings).toHaveLength(readingsNeeded);
    },
  );

  it('has one reading wait for the running one, for all who need a later one', async () => {
    const early = shared.get('Project', { signal });
    await settle();
    nowMs = 1500;
    const late = [1200, 1300, 1400].map((startedAfterMs) =>
      shared.get('Project', { startedAfterMs, signal }),
    );
    await settle();
    expect(readings).toHaveLength(1);

    nowMs = 1700;
    readings[0]?.finish();
    await early;
    await settle();
    expect(readings).toHaveLength(2);
    readings[1]?.finish();
    const listings = await Promise.all(late);
    expect(new Set(listings).size).toBe(1);
    expect(listings[0]?.startedAtMs).toBe(1700);
  });

  it('does not remember a failure, and starts the waiting reading all the same', async () => {
    const early = shared.get('Project', { signal });
    await settle();
    nowMs = 1500;
    const late = shared.get('Project', { startedAfterMs: 1400, signal });
    readings[0]?.fail();
    await expect(early).rejects.toThrow('broken');
    await settle();
    readings[1]?.finish();
    await expect(late).resolves.toMatchObject({ settings: [] });
  });

  it('survives a list that throws at once', async () => {
    let calls = 0;
    const fragile = createSharedListing({
      list: () => {
        calls += 1;
        throw new Error('broken');
      },
      now: () => nowMs,
      signal: ended.signal,
    });
    await expect(fragile.get('User', { signal })).rejects.toThrow('broken');
    await expect(fragile.get('User', { signal })).rejects.toThrow('broken');
    expect(calls).toBe(2);
  });

  it('lets a caller leave without ending the reading of the others', async () => {
    const leaving = new AbortController();
    const left = shared.get('Project', { signal: leaving.signal });
    const stayed = shared.get('Project', { signal });
    await settle();
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    readings[0]?.finish();
    await expect(stayed).resolves.toBeDefined();
  });
});
