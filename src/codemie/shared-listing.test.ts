import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../domain/git-setting.ts';
import { createSharedListing, type SharedListing } from './shared-listing.ts';

const { signal } = new AbortController();

let nowMs: number;
let readings: { scope: Scope; finish: () => void; fail: () => void }[];
let calmMs: number;
/** What waits for its time; the test lets it pass. */
let sleepers: { ms: number; wake: () => void }[];
let shared: SharedListing<string>;
let ended: AbortController;

beforeEach(() => {
  nowMs = 1000;
  readings = [];
  calmMs = Number.POSITIVE_INFINITY;
  sleepers = [];
  ended = new AbortController();
  shared = createSharedListing({
    list: (scope) =>
      new Promise<string>((resolve, reject) => {
        readings.push({ scope, finish: () => resolve('rows'), fail: () => reject(new Error('broken')) });
      }),
    now: () => nowMs,
    calmMs: () => calmMs,
    clock: {
      setTimer: (wake, ms) => {
        sleepers.push({ ms, wake });
        return () => {};
      },
    },
    signal: ended.signal,
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

    nowMs = 16_000;
    await shared.get('Project', { signal });
    expect(readings).toHaveLength(1);
    nowMs = 16_001;
    void shared.get('Project', { signal });
    await settle();
    expect(readings).toHaveLength(2);
  });

  it('reads a few times in a row for those who demand it, then once a second, and they share it', async () => {
    const demand = async () => {
      const got = shared.get('Project', { startedAfterMs: nowMs, signal });
      nowMs += 1;
      await settle();
      return got;
    };
    for (let reading = 0; reading < 10; reading++) {
      nowMs += 1;
      const got = shared.get('Project', { startedAfterMs: nowMs - 1, signal });
      await settle();
      readings[reading]?.finish();
      await got;
    }
    const late = [demand(), demand(), demand()];
    await settle();
    expect(readings).toHaveLength(10);
    expect(sleepers).toHaveLength(1);
    nowMs += sleepers[0]?.ms ?? 0;
    sleepers[0]?.wake();
    await settle();
    expect(readings).toHaveLength(11);
    readings[10]?.finish();
    expect(new Set(await Promise.all(late)).size).toBe(1);
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
    await expect(late).resolves.toMatchObject({ content: 'rows' });
  });

  it('survives a list that throws at once', async () => {
    let calls = 0;
    const fragile = createSharedListing({
      list: () => {
        calls += 1;
        throw new Error('broken');
      },
      now: () => nowMs,
      calmMs: () => calmMs,
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

  it('serves the longer, the longer it took', async () => {
    const first = shared.get('Project', { signal });
    await settle();
    nowMs += 1000;
    readings[0]?.finish();
    await first;
    nowMs = 1000 + 40_000;
    await shared.get('Project', { signal });
    expect(readings).toHaveLength(1);
    nowMs += 1;
    void shared.get('Project', { signal });
    await settle();
    expect(readings).toHaveLength(2);
  });

  it('serves those who demand a start after a write at any age', async () => {
    const first = shared.get('Project', { signal });
    await settle();
    readings[0]?.finish();
    await first;
    nowMs = 1_000_000;
    await shared.get('Project', { startedAfterMs: 999, signal });
    expect(readings).toHaveLength(1);
  });
});

describe('a later listing', () => {
  /** Lets the time of all sleepers pass. */
  async function sleepOn(): Promise<void> {
    await settle();
    const [longest] = sleepers.toSorted((a, b) => b.ms - a.ms);
    nowMs += longest?.ms ?? 0;
    for (const { wake } of sleepers.splice(0)) wake();
    await settle();
  }

  it('starts when no request went to CodeMie for a moment, once for all', async () => {
    calmMs = 0;
    const asked = [shared.later('Project'), shared.later('Project')];
    await sleepOn();
    expect(readings).toHaveLength(0);
    calmMs = 60;
    await sleepOn();
    expect(readings).toHaveLength(1);
    readings[0]?.finish();
    await Promise.all(asked);
  });

  it('starts even so after a time that doubles while writing goes on', async () => {
    calmMs = 0;
    const starts: number[] = [];
    for (let round = 0; round < 8; round++) {
      const later = shared.later('Project');
      const before = nowMs;
      while (readings.length === round) {
        // Others go on writing.
        void shared.later('Project');
        await sleepOn();
      }
      starts.push(nowMs - before);
      readings[round]?.finish();
      await later;
    }
    expect(starts).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
  });

  it('is put off for a tenant only by its own wave, and serves the others as well', async () => {
    calmMs = 0;
    for (let round = 0; round < 6; round++) {
      const busy = shared.later('Project', 'busy');
      while (readings.length === round) {
        void shared.later('Project', 'busy');
        await sleepOn();
      }
      readings[round]?.finish();
      await busy;
    }
    const before = nowMs;
    const both = [shared.later('Project', 'busy'), shared.later('Project', 'calm')];
    while (readings.length === 6) await sleepOn();
    expect(nowMs - before).toBeLessThanOrEqual(501);
    readings[6]?.finish();
    await Promise.all(both);
  });

  it('leaves half of the time without a reading, however many tenants write', async () => {
    calmMs = 0;
    const first = shared.later('Project', 'first');
    while (readings.length === 0) await sleepOn();
    nowMs += 4_000;
    readings[0]?.finish();
    await first;
    const before = nowMs;
    const second = shared.later('Project', 'second');
    while (readings.length === 1) await sleepOn();
    expect(nowMs - before).toBeGreaterThanOrEqual(4_000);
    readings[1]?.finish();
    await second;
  });

  it('does not wait as long as the last wave when that has finished', async () => {
    calmMs = 0;
    for (const expectedMs of [500, 1000, 500]) {
      const later = shared.later('Project');
      const [before, round] = [nowMs, readings.length];
      while (readings.length === round) {
        void shared.later('Project');
        await sleepOn();
      }
      expect(nowMs - before).toBe(expectedMs);
      readings[round]?.finish();
      await later;
      if (expectedMs === 1000) nowMs += 3001;
    }
  });

  it('is not one that runs already', async () => {
    const early = shared.get('Project', { signal });
    await settle();
    const later = shared.later('Project');
    await sleepOn();
    expect(readings).toHaveLength(1);
    readings[0]?.finish();
    await early;
    await settle();
    expect(readings).toHaveLength(2);
    readings[1]?.finish();
    await later;
  });

  it('never starts in the millisecond in which it was asked for', async () => {
    void shared.later('Project');
    await settle();
    expect(readings).toHaveLength(0);
    nowMs += 1;
    for (const { wake } of sleepers.splice(0)) wake();
    await settle();
    const listing = shared.get('Project', { startedAfterMs: 1000, signal });
    readings[0]?.finish();
    expect((await listing).startedAtMs).toBe(1001);
    expect(readings).toHaveLength(1);
  });

  it('resolves also when it failed', async () => {
    const later = shared.later('User');
    await sleepOn();
    readings[0]?.fail();
    await expect(later).resolves.toBeUndefined();
  });
});

it('waits no longer once the session is closed, however busy it was', async () => {
  calmMs = 0;
  const later = shared.later('Project');
  await settle();
  expect(sleepers).toHaveLength(1);
  ended.abort();
  await settle();
  readings[0]?.fail();
  await later;
  expect(sleepers).toHaveLength(1);
});
