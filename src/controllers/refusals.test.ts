import { beforeEach, describe, expect, it } from 'vitest';
import { ProviderError, type ProviderErrorFields } from '../providers/provider.ts';
import { createRefusals, type RecheckPolicy, type Refusals } from './refusals.ts';

const minute = 60_000;
const hour = 60 * minute;
const policy: RecheckPolicy = {
  delaysMs: [5_000, 15_000, 60_000],
  longestMs: hour,
  host: 'github.com',
  namespace: 'team-a',
};
const error = (fields: Partial<ProviderErrorFields> = {}): ProviderError =>
  new ProviderError({ reason: 'Unauthorized', sentence: 'It was refused.', hint: 'Look.', ...fields });

let nowMs: number;
let refusals: Refusals;
const create = (windowMs: number, max = 100): Refusals =>
  createRefusals({
    now: () => nowMs,
    windowMs,
    kept: { maxRefusals: 2 * max, maxRefusalsPerNamespace: max, maxCrowded: 10, maxCrowdedPerNamespace: 5 },
  });
beforeEach(() => {
  nowMs = 1_000_000;
  refusals = create(90_000);
});

/** Refuses at each time that is asked for, so many times, and says what it amounted to and after how many seconds. */
function series(times: number, thrown = error(), how = policy): [isConfirmed: boolean, waitS: number][] {
  return Array.from({ length: times }, () => {
    const { isConfirmed, againAtMs } = refusals.heard('key', thrown, how);
    const waitS = (againAtMs - nowMs) / 1000;
    nowMs = againAtMs;
    return [isConfirmed, waitS];
  });
}

describe('a refusal without a reason', () => {
  it('is a verdict after three more calls within 80 seconds, and asked again ever later', () => {
    expect(series(10)).toEqual([
      [false, 5],
      [false, 15],
      [false, 60],
      [true, 300],
      [true, 600],
      [true, 1_200],
      [true, 2_400],
      [true, 3_600],
      [true, 3_600],
      [true, 3_600],
    ]);
  });

  it('is forgotten as soon as the provider accepts', () => {
    series(3);
    refusals.accepted('key');
    expect(series(1)).toEqual([[false, 5]]);
  });

  it('costs as much less as the provider wants', () => {
    expect(series(2, error(), { ...policy, delaysMs: [60_000] })).toEqual([
      [false, 60],
      [true, 300],
    ]);
  });

  it('counts once when it is asked about in between', () => {
    const first = refusals.heard('key', error(), policy);
    for (let call = 0; call < 10; call += 1) {
      nowMs += 100;
      expect(refusals.heard('key', error(), policy)).toBe(first);
    }
    nowMs = first.againAtMs;
    expect(series(1)).toEqual([[false, 15]]);
  });

  it('is a verdict when the window has expired, if other trouble came in between', () => {
    series(1);
    nowMs += 95_000;
    expect(series(1)).toEqual([[true, 300]]);
  });

  it('is no part of a series that began long ago', () => {
    series(2);
    nowMs += 3 * hour;
    expect(series(1)).toEqual([[false, 5]]);
  });

  it('of one key says nothing about another', () => {
    series(4);
    expect(refusals.heard('other', error(), policy).isConfirmed).toBe(false);
  });

  it('never waits longer than the interval', () => {
    expect(series(6, error(), { ...policy, longestMs: 10 * minute }).slice(3)).toEqual([
      [true, 300],
      [true, 600],
      [true, 600],
    ]);
  });
});

describe('a refusal with a reason', () => {
  it('is a verdict at once', () => {
    expect(series(2, error({ isExplained: true }))).toEqual([
      [true, 300],
      [true, 600],
    ]);
  });

  it.each(['Expired', 'Revoked'] as const)('is not asked again before the interval if it is %s', (reason) => {
    expect(series(2, error({ reason }))).toEqual([
      [true, 3_600],
      [true, 3_600],
    ]);
  });

  it('ends a doubt', () => {
    series(1);
    expect(series(1, error({ reason: 'Revoked' }))).toEqual([[true, 3_600]]);
  });
});

describe('the window', () => {
  it('stretches the series', () => {
    refusals = create(9_000);
    expect(series(4)).toEqual([
      [false, 0.5],
      [false, 1.5],
      [false, 6],
      [true, 300],
    ]);
  });

  it('of 0 takes the first refusal', () => {
    refusals = create(0);
    expect(series(1)).toEqual([[true, 300]]);
  });
});

it('asks less often about many credentials that one host refuses at the same time', () => {
  const delays = Array.from({ length: 7 }, (_, number) => {
    const { againAtMs } = refusals.heard(`key-${number}`, error(), policy);
    return (againAtMs - nowMs) / 1000;
  });
  expect(delays).toEqual([5, 5, 5, 5, 5, 60, 60]);
  for (const other of [{ host: 'gitlab.com' }, { namespace: 'team-b' }])
    expect(refusals.heard(JSON.stringify(other), error(), { ...policy, ...other }).againAtMs - nowMs).toBe(
      5_000,
    );
});

it('forgets nothing of one namespace because of another', () => {
  refusals = create(90_000, 2);
  series(3);
  for (let index = 0; index < 10; index++)
    refusals.heard(`key-${index}`, error(), { ...policy, namespace: 'team-b' });
  expect(series(1)).toEqual([[true, 300]]);
});

it('keeps so many keys and no more', () => {
  refusals = create(90_000, 1);
  series(3);
  refusals.heard('other', error(), policy);
  expect(series(1)).toEqual([[false, 5]]);
});
