import { describe, expect, it } from 'vitest';
import type { Condition } from '../api/v1alpha1/shared.ts';
import {
  codeMieOutages,
  mergeConditions,
  outageNews,
  ownConditions,
  providerOutages,
  sameJson,
} from './status-parts.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const before: Condition[] = [
  {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'Good.',
    lastTransitionTime: '2026-11-22T11:00:00Z',
    observedGeneration: 1,
  },
  {
    type: 'Stalled',
    status: 'True',
    reason: 'Expired',
    message: 'Bad.',
    lastTransitionTime: '2026-11-22T11:00:00Z',
    observedGeneration: 1,
  },
];

describe('mergeConditions', () => {
  it('keeps the transition time while the status stays, and drops what is not wanted', () => {
    const wanted = {
      Registered: { status: 'False', reason: 'Rejected', message: 'No.' },
      Ready: { status: 'True', reason: 'Ready', message: 'Still good.' },
    } as const;
    expect(mergeConditions(wanted, before, 2, now)).toEqual([
      {
        ...wanted.Ready,
        type: 'Ready',
        observedGeneration: 2,
        lastTransitionTime: '2026-11-22T11:00:00Z',
      },
      {
        ...wanted.Registered,
        type: 'Registered',
        observedGeneration: 2,
        lastTransitionTime: '2026-11-22T12:00:00Z',
      },
    ]);
  });

  it('keeps the generation of a condition that was kept from an earlier pass', () => {
    const kept = before.slice(0, 1);
    expect(mergeConditions({ Ready: kept[0] }, before, 2, now)).toEqual(kept);
  });

  it('cuts a message at a kilobyte', () => {
    const wanted = { Ready: { status: 'True', reason: 'Ready', message: 'm'.repeat(2000) } } as const;
    expect(mergeConditions(wanted, [], 1, now)[0]?.message).toHaveLength(1024);
  });
});

describe('ownConditions', () => {
  it('leaves out what other controllers have added', () => {
    const ready = { type: 'Ready', meaning: 'It works.', reasons: {} };
    expect(ownConditions(before, [ready])).toEqual(before.slice(0, 1));
    expect(ownConditions(undefined, [ready])).toBeUndefined();
  });
});

describe('sameJson', () => {
  it.each([
    ['another order of fields', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    ['a field that is undefined', { a: 1, b: undefined }, { a: 1 }, true],
    ['another value', { a: 1 }, { a: 2 }, false],
    ['another order of items', [1, 2], [2, 1], false],
    ['null against nothing', { a: null }, {}, false],
  ])('%s: %j, %j', (_name, a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
  });
});

const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${reason}.`,
  lastTransitionTime: '2026-11-22T12:00:00Z',
  observedGeneration: 1,
});
const ready = condition('Ready', 'True', 'Ready');
const unknown = condition('Ready', 'Unknown', 'ProviderUnreachable');
const outage = condition('Reconciling', 'True', 'ProviderUnreachable');
const recheck = condition('Reconciling', 'True', 'Rechecking');

describe('an outage of a provider', () => {
  it.each([
    ['begins', [ready], [ready, outage], 'Warning ProviderUnreachable: ProviderUnreachable.'],
    ['ends', [ready, outage], [ready], 'Normal Recovered: Confirmed again: Ready.'],
    ['continues', [ready, outage], [ready, outage], undefined],
    ['gives way to a recheck', [ready, outage], [ready, recheck], undefined],
    ['ends Ready, which has its own event', [ready, outage], [unknown, outage], undefined],
    ['ends after Ready was Unknown, which has its own event', [unknown, outage], [ready], undefined],
    ['is none', [ready], [ready, recheck], undefined],
    ['meets a new object', [], [unknown, outage], undefined],
  ])('that %s', (_name, previous, conditions, expected) => {
    const news = outageNews(previous, conditions, providerOutages);
    expect(news && `${news.type} ${news.reason}: ${news.note}`).toBe(expected);
  });

  it('is not one of CodeMie', () => {
    expect(outageNews([ready], [ready, outage], codeMieOutages)).toBeUndefined();
  });
});
