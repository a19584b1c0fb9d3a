import { describe, expect, it } from 'vitest';
import { type ClaimStanding, type Claims, claimKey, holderOf, serverKey, standingTo } from './claim.ts';

const claimant = (
  name: string,
  creationTimestamp: string,
  uid = name,
  standing: ClaimStanding = 'wanted',
) => ({
  namespace: 'team-a',
  name,
  uid,
  creationTimestamp,
  standing,
});

describe('holderOf', () => {
  it.each([
    ['nobody', [], undefined],
    ['the only one', [claimant('a', '2026-01-01T00:00:00Z')], 'a'],
    ['the oldest', [claimant('a', '2026-01-02T00:00:00Z'), claimant('b', '2026-01-01T00:00:00Z')], 'b'],
    [
      'the lower UID in one second',
      [claimant('a', '2026-01-01T00:00:00Z', 'u2'), claimant('b', '2026-01-01T00:00:00Z', 'u1')],
      'b',
    ],
    [
      'the one that is being written for, before an older one',
      [claimant('a', '2026-01-01T00:00:01Z', 'u2', 'writing'), claimant('b', '2026-01-01T00:00:00Z', 'u1')],
      'a',
    ],
    [
      'the one whose row has the name, before an older one',
      [claimant('a', '2026-01-01T00:00:00Z'), claimant('b', '2026-01-02T00:00:00Z', 'u', 'held')],
      'b',
    ],
    [
      'the one whose row has the name, before one that is being written for',
      [
        claimant('a', '2026-01-01T00:00:00Z', 'a', 'writing'),
        claimant('b', '2026-01-02T00:00:00Z', 'u', 'held'),
      ],
      'b',
    ],
  ])('%s', (_name, claimants, want) => {
    expect(holderOf(claimants)?.name).toBe(want);
  });
});

describe('standingTo', () => {
  const none: Claims = { held: undefined, writing: new Set(), wanted: undefined };
  it.each<[string, Partial<Claims>, ClaimStanding | undefined]>([
    ['not at all', { held: 'other', writing: new Set(['other']), wanted: 'other' }, undefined],
    ['by the spec', { held: 'other', wanted: 'it' }, 'wanted'],
    ['by a write under way, though the spec wants another by now', { writing: new Set(['it']) }, 'writing'],
    ['by the row, though the spec wants another', { held: 'it', wanted: 'other' }, 'held'],
    ['by the row first', { held: 'it', writing: new Set(['it']), wanted: 'it' }, 'held'],
  ])('%s', (_name, claims, want) => {
    expect(standingTo('it', { ...none, ...claims })).toBe(want);
  });
});

describe('claimKey', () => {
  const claim = { server: 's', scope: 'Project', login: '', project: 'a/b', alias: 'c' } as const;

  it('is not fooled by separators in names', () => {
    expect(claimKey({ ...claim, project: 'a', alias: 'b/c' })).not.toBe(claimKey(claim));
    expect(claimKey({ ...claim })).toBe(claimKey(claim));
  });

  it.each([
    { server: 't' },
    { scope: 'User' } as const,
    { login: 'ada' },
    { project: 'A/b' },
    { alias: 'C' },
    { alias: 'c ' },
  ])('distinguishes %o, as CodeMie does', (change) => {
    expect(claimKey({ ...claim, ...change })).not.toBe(claimKey(claim));
  });
});

describe('serverKey', () => {
  const url = 'https://codemie.example.com/code-assistant-api';

  it.each([
    'https://codemie.example.com/code-assistant-api/',
    'https://codemie.example.com//code-assistant-api//',
    'https://CodeMie.Example.COM/code-assistant-api',
    'https://codemie.example.com:443/code-assistant-api',
    'https://codemie.example.com./code-assistant-api',
    'https://codemie.example.com.:443/./x/../code-assistant-api',
    'https://codemie.example.com/code%2Dassistant-api',
    'https://codemie.example.com/%63ode-assistant-api',
    'https://ｃodemie.example.com/code-assistant-api',
    'https://codemie。example.com/code-assistant-api',
    'http://codemie.example.com/code-assistant-api',
    'http://codemie.example.com:80/code-assistant-api',
  ])('is the same for %s', (other) => {
    expect(serverKey(other)).toBe(serverKey(url));
  });

  it('is the same for a name in Unicode and in Punycode', () => {
    expect(serverKey('https://codemie.bücher.example')).toBe(
      serverKey('https://CODEMIE.xn--bcher-kva.example/'),
    );
  });

  it.each([
    'https://codemie.example.com',
    'https://codemie.example.com/api',
    'https://codemie.example.com/Code-Assistant-API',
    'https://codemie.example.com:8443/code-assistant-api',
    'https://codemie-2.example.com/code-assistant-api',
    'https://codemie.example.com.evil.example/code-assistant-api',
  ])('is another for %s', (other) => {
    expect(serverKey(other)).not.toBe(serverKey(url));
  });

  it('takes a path that is no valid encoding as it is', () => {
    expect(serverKey('https://codemie.example.com/%ff')).toBe('codemie.example.com:/%ff');
  });
});
