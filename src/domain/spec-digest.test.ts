import { describe, expect, it } from 'vitest';
import { type GitIntegrationSpec, parseGitIntegrationSpec } from '../api/v1alpha1/git-integration-spec.ts';
import { specDigest } from './spec-digest.ts';

function spec(changes: Record<string, unknown>): GitIntegrationSpec {
  const auth = { token: { secretRef: { name: 'token' } } };
  const parsed = parseGitIntegrationSpec({ provider: 'GitHub', project: 'demo', auth, ...changes });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe('specDigest', () => {
  it.each([
    ['nothing', {}, true],
    ['suspend', { suspend: true }, true],
    ['a default that is written out', { driftPolicy: 'Correct' }, true],
    ['the alias', { alias: 'other' }, false],
    ['something inside', { validation: { repositories: ['acme/shop'] } }, false],
    ['suspend, and something else', { suspend: true, syncInterval: '5m' }, false],
  ])('of a spec that differs in %s', (_what, changes, same) => {
    expect(specDigest(spec(changes)) === specDigest(spec({}))).toBe(same);
  });
});
