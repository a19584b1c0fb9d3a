import { describe, expect, it } from 'vitest';
import type { Condition } from '../api/v1alpha1/shared.ts';
import { codeMieOutages, outageNews, providerOutages } from './outage-events.ts';

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
