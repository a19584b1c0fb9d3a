import { describe, expect, it } from 'vitest';
import type { Condition } from '../api/v1alpha1/shared.ts';
import {
  connectionReadiness,
  type Finding,
  type Findings,
  type ReadinessContext,
  sumUp,
} from './readiness.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const minute = 60_000;
const yes = (reason: string): Finding => ({ status: 'True', reason, message: `${reason}.` });
const no = (reason: string): Finding => ({ status: 'False', reason, message: `${reason}.` });
const unknown = (reason: string): Finding => ({ status: 'Unknown', reason, message: `${reason}.` });

const good: Findings = {
  CredentialsResolved: yes('Resolved'),
  CredentialsValid: yes('Valid'),
  PermissionsSufficient: yes('Sufficient'),
  Registered: yes('Registered'),
};

function condition(
  type: string,
  status: Condition['status'],
  agoMs: number,
  observedGeneration = 1,
): Condition {
  const lastTransitionTime = new Date(now - agoMs).toISOString();
  return { type, status, reason: 'Before', message: 'Before.', lastTransitionTime, observedGeneration };
}

function context(previous: Condition[] = [], warnOnly = false): ReadinessContext {
  return { warnOnly, previous, generation: 1, graceMs: 30 * minute, now };
}

describe('sumUp', () => {
  it.each<[string, Findings, boolean, string, string, string?]>([
    ['everything holds', good, false, 'True', 'Ready'],
    ['a fault', { ...good, CredentialsValid: no('Expired') }, false, 'False', 'Expired', 'stalled'],
    [
      'the first of two faults',
      { ...good, CredentialsValid: no('Expired'), Registered: no('AliasConflict') },
      false,
      'False',
      'Expired',
      'stalled',
    ],
    [
      'a fault after a wait',
      { ...good, CredentialsValid: unknown('ProviderUnreachable'), Registered: no('AliasConflict') },
      false,
      'False',
      'AliasConflict',
      'stalled',
    ],
    [
      'a Secret that may yet come',
      { CredentialsResolved: no('SecretNotFound') },
      false,
      'False',
      'SecretNotFound',
    ],
    [
      'a connection that may yet come',
      { Registered: no('ConnectionNotFound') },
      false,
      'False',
      'ConnectionNotFound',
    ],
    [
      'a wait',
      { ...good, Registered: unknown('CodeMieUnreachable') },
      false,
      'Unknown',
      'CodeMieUnreachable',
      'reconciling',
    ],
    [
      'permissions that nobody tells',
      { ...good, PermissionsSufficient: unknown('NotReported') },
      false,
      'True',
      'Ready',
    ],
    [
      'missing permissions',
      { ...good, PermissionsSufficient: no('MissingPermissions') },
      false,
      'False',
      'MissingPermissions',
      'stalled',
    ],
    [
      'missing permissions under policy Warn',
      { ...good, PermissionsSufficient: no('MissingPermissions') },
      true,
      'True',
      'Ready',
    ],
  ])('%s', (_name, findings, warnOnly, status, reason, mark) => {
    const readiness = sumUp(findings, context([], warnOnly));
    expect(readiness.ready).toMatchObject({ status, reason });
    expect(readiness.stalled?.status).toBe(mark === 'stalled' ? 'True' : undefined);
    expect(readiness.reconciling?.status).toBe(mark === 'reconciling' ? 'True' : undefined);
  });

  const outage: Findings = { ...good, CredentialsValid: unknown('ProviderUnreachable') };
  it.each([
    ['just begun', [condition('Ready', 'True', 90 * minute)], 'True'],
    [
      'young',
      [condition('Ready', 'True', 90 * minute), condition('CredentialsValid', 'Unknown', 29 * minute)],
      'True',
    ],
    [
      'old',
      [condition('Ready', 'True', 90 * minute), condition('CredentialsValid', 'Unknown', 30 * minute)],
      'Unknown',
    ],
    ['after a change of the spec', [condition('Ready', 'True', 90 * minute, 0)], 'Unknown'],
    ['before it was ever Ready', [], 'Unknown'],
  ])('an outage that is %s', (_name, previous, status) => {
    const readiness = sumUp(outage, context(previous));
    expect(readiness.ready.status).toBe(status);
    expect(readiness.reconciling?.reason).toBe('ProviderUnreachable');
    const message = 'ProviderUnreachable.';
    expect(readiness.ready.message).toBe(
      status === 'True' ? `Not confirmed at the moment: ${message}` : message,
    );
  });
});

describe('the readiness of a connection', () => {
  const at = (minutesAgo: number) =>
    new Date(Date.parse('2026-11-22T12:00:00Z') - minutesAgo * 60_000).toISOString();
  const condition = (
    type: string,
    status: 'True' | 'False' | 'Unknown',
    minutesAgo: number,
    observedGeneration = 1,
  ) => ({
    type,
    status,
    reason: 'Ready',
    message: 'as it was',
    lastTransitionTime: at(minutesAgo),
    observedGeneration,
  });
  const wasReady = condition('Ready', 'True', 60);
  const away = { status: 'Unknown', reason: 'CodeMieUnreachable', message: 'away' } as const;
  it.each([
    { name: 'is kept when the trouble begins', found: away, previous: [wasReady], ready: 'True' },
    {
      name: 'is kept while the trouble is young',
      found: away,
      previous: [wasReady, condition('Reconciling', 'True', 14)],
      ready: 'True',
    },
    {
      name: 'is lost when the trouble lasts',
      found: away,
      previous: [wasReady, condition('Reconciling', 'True', 15)],
      ready: 'Unknown',
    },
    {
      name: 'is not kept for another spec',
      found: away,
      previous: [condition('Ready', 'True', 60, 0)],
      ready: 'Unknown',
    },
    {
      name: 'is not kept by one whose deletion waits',
      found: { status: 'Unknown', reason: 'InUse', message: 'in use' } as const,
      previous: [wasReady],
      ready: 'Unknown',
    },
  ])('$name', ({ found, previous, ready }) => {
    const now = Date.parse(at(0));
    const sum = connectionReadiness(found, { previous, generation: 1, graceMs: 15 * 60_000, now });
    expect(sum.ready.status).toBe(ready);
    expect(sum.reconciling?.reason).toBe(found.reason);
  });

  it('is Stalled by a fault, but not by what is awaited', () => {
    const standing = { previous: [], generation: 1, graceMs: 0, now: 0 };
    const fault = { status: 'False', reason: 'Unauthorized', message: 'no' } as const;
    expect(connectionReadiness(fault, standing).stalled?.status).toBe('True');
    expect(connectionReadiness({ ...fault, reason: 'SecretNotFound' }, standing).stalled).toBeUndefined();
  });
});
