import { describe, expect, it } from 'vitest';
import { connectionAccess } from './tenancy.ts';

const all = { allowed: ['*'], createMissing: false };
const teamA = { name: 'team-a', labels: { tier: 'gold', team: 'a' } };

describe('connectionAccess', () => {
  it.each([
    ['nobody, while the list is empty', [], 'connectionNotAllowed'],
    ['another namespace', [{ namespaces: ['team-b'], projects: ['*'] }], 'connectionNotAllowed'],
    ['the namespace by name', [{ namespaces: ['team-a'], projects: ['demo'] }], 'allowed'],
    ['the namespace by glob', [{ namespaces: ['team-*'], projects: ['de*'] }], 'allowed'],
    ['another project', [{ namespaces: ['team-a'], projects: ['other'] }], 'projectNotAllowed'],
    ['a project in another case', [{ namespaces: ['team-a'], projects: ['Demo'] }], 'projectNotAllowed'],
    ['labels', [{ namespaceSelector: { matchLabels: { tier: 'gold' } }, projects: ['*'] }], 'allowed'],
    [
      'a name whose labels do not match',
      [{ namespaces: ['team-a'], namespaceSelector: { matchLabels: { tier: 'tin' } }, projects: ['*'] }],
      'connectionNotAllowed',
    ],
    [
      'rules that are only allowed one by one',
      [
        { namespaces: ['team-a'], projects: ['one'] },
        { namespaces: ['team-b'], projects: ['demo'] },
      ],
      'projectNotAllowed',
    ],
    ['an empty selector: everybody', [{ namespaceSelector: {}, projects: ['*'] }], 'allowed'],
    ['an entry that names nobody', [{ projects: ['*'] }], 'connectionNotAllowed'],
  ])('%s', (_name, consumers, want) => {
    expect(connectionAccess({ projects: all, consumers }, { namespace: teamA, project: 'demo' })).toBe(want);
  });

  it.each([
    ['In', { key: 'tier', operator: 'In' as const, values: ['gold'] }, true],
    ['In, without the label', { key: 'x', operator: 'In' as const, values: ['gold'] }, false],
    ['NotIn', { key: 'tier', operator: 'NotIn' as const, values: ['gold'] }, false],
    ['NotIn, without the label', { key: 'x', operator: 'NotIn' as const, values: ['gold'] }, true],
    ['Exists', { key: 'tier', operator: 'Exists' as const }, true],
    ['DoesNotExist', { key: 'tier', operator: 'DoesNotExist' as const }, false],
  ])('expression %s', (_name, expression, want) => {
    const consumers = [{ namespaceSelector: { matchExpressions: [expression] }, projects: ['*'] }];
    const access = connectionAccess({ projects: all, consumers }, { namespace: teamA, project: 'demo' });
    expect(access === 'allowed').toBe(want);
  });

  it('limits a namespaced connection by its projects only', () => {
    const projects = { allowed: ['demo'], createMissing: false };
    expect(connectionAccess({ projects }, { namespace: teamA, project: 'demo' })).toBe('allowed');
    expect(connectionAccess({ projects }, { namespace: teamA, project: 'x' })).toBe('projectNotAllowed');
  });
});
