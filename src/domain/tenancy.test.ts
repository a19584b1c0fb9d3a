import { describe, expect, it } from 'vitest';
import { connectionAccess, usableProjects } from './tenancy.ts';

const all = { allowed: ['*'], createMissing: false };
const teamA = { name: 'team-a', labels: { tier: 'gold', team: 'a' } };

describe('connectionAccess', () => {
  it.each([
    ['nobody, while the list is empty', [], 'consumers'],
    ['another namespace', [{ namespaces: ['team-b'], projects: ['*'] }], 'consumers'],
    ['the namespace by name', [{ namespaces: ['team-a'], projects: ['demo'] }], 'allowed'],
    ['the namespace by glob', [{ namespaces: ['team-*'], projects: ['de*'] }], 'allowed'],
    ['another project', [{ namespaces: ['team-a'], projects: ['other'] }], 'consumersProjects'],
    ['a project in another case', [{ namespaces: ['team-a'], projects: ['Demo'] }], 'consumersProjects'],
    ['labels', [{ namespaceSelector: { matchLabels: { tier: 'gold' } }, projects: ['*'] }], 'allowed'],
    [
      'a name whose labels do not match',
      [{ namespaces: ['team-a'], namespaceSelector: { matchLabels: { tier: 'tin' } }, projects: ['*'] }],
      'consumers',
    ],
    [
      'rules that are only allowed one by one',
      [
        { namespaces: ['team-a'], projects: ['one'] },
        { namespaces: ['team-b'], projects: ['demo'] },
      ],
      'consumersProjects',
    ],
    ['an empty selector: everybody', [{ namespaceSelector: {}, projects: ['*'] }], 'allowed'],
    ['an entry that names nobody', [{ projects: ['*'] }], 'consumers'],
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
    expect(connectionAccess({ projects }, { namespace: teamA, project: 'x' })).toBe('projectsAllowed');
  });
});

describe('usableProjects', () => {
  const consumer = (projects: string[], namespaces = ['team-a']) => ({ namespaces, projects });
  it.each<[string, ReturnType<typeof consumer>[], string[], string[]]>([
    ['what the namespace is granted', [consumer(['demo', 'shop-*'])], ['*'], ['demo', 'shop-*']],
    ['nothing of another namespace', [consumer(['a']), consumer(['b'], ['team-b'])], ['*'], ['a']],
    ['only what the connection allows', [consumer(['*'])], ['demo', 'shop-*'], ['demo', 'shop-*']],
    ['only what both have', [consumer(['demo', 'other'])], ['demo', 'shop-*'], ['demo']],
    ['the narrower of two globs', [consumer(['shop-*', 'shop-eu-*'])], ['shop-eu-*'], ['shop-eu-*']],
    ['neither of two globs that only overlap', [consumer(['a*'])], ['*b'], []],
    ['each once', [consumer(['demo']), consumer(['demo', '*'])], ['demo'], ['demo']],
    ['nothing without a grant', [], ['demo'], []],
  ])('gives %s', (_name, consumers, allowed, want) => {
    expect(usableProjects({ projects: { allowed, createMissing: false }, consumers }, teamA)).toEqual(want);
  });

  it('gives all of a namespaced connection', () => {
    const projects = { allowed: ['demo', 'x-*'], createMissing: false };
    expect(usableProjects({ projects }, teamA)).toEqual(['demo', 'x-*']);
  });
});
