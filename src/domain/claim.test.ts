import { describe, expect, it } from 'vitest';
import { claimKey, holderOf } from './claim.ts';

const claimant = (
  name: string,
  creationTimestamp: string,
  uid = name,
  registered = false,
  first = false,
) => ({
  namespace: 'team-a',
  name,
  uid,
  creationTimestamp,
  registered,
  first,
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
      'the one that was let through first in one second',
      [claimant('a', '2026-01-01T00:00:00Z', 'u2', false, true), claimant('b', '2026-01-01T00:00:00Z', 'u1')],
      'a',
    ],
    [
      'the older one all the same',
      [claimant('a', '2026-01-01T00:00:01Z', 'u2', false, true), claimant('b', '2026-01-01T00:00:00Z', 'u1')],
      'b',
    ],
    [
      'the one that has the name already',
      [claimant('a', '2026-01-01T00:00:00Z'), claimant('b', '2026-01-02T00:00:00Z', 'u', true)],
      'b',
    ],
  ])('%s', (_name, claimants, want) => {
    expect(holderOf(claimants)?.name).toBe(want);
  });
});

describe('claimKey', () => {
  const claim = {
    connectionKind: 'CodeMieConnection',
    connectionNamespace: 'ns',
    connectionName: 'n',
    scope: 'Project',
    project: 'a/b',
    alias: 'c',
  };

  it('is not fooled by separators in names', () => {
    expect(claimKey({ ...claim, project: 'a', alias: 'b/c' })).not.toBe(claimKey(claim));
    expect(claimKey({ ...claim })).toBe(claimKey(claim));
  });
});
