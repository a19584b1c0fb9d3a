import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type GitIntegrationSpec, parseGitIntegrationSpec } from '../api/v1alpha1/git-integration-spec.ts';
import { isAuthentic, registrationSignature, specDigest } from './digests.ts';

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

const key = createSecretKey(Buffer.alloc(32, 1));
const registration = {
  id: 'id-1',
  connectionUID: 'connection',
  server: 'https://codemie.example.com',
  scope: 'Project',
  project: 'demo',
  alias: 'acme',
};
const signature = registrationSignature('uid', registration, key);

describe('isAuthentic', () => {
  it.each([
    ['what was signed', 'uid', {}, key, true],
    ['no registration of another object', 'other', {}, key, false],
    ['no other id', 'uid', { id: 'id-2' }, key, false],
    ['no other connection', 'uid', { connectionUID: 'other' }, key, false],
    ['no other server', 'uid', { server: 'https://codemie.example.com/' }, key, false],
    ['no other scope', 'uid', { scope: 'User' }, key, false],
    ['no other project', 'uid', { project: 'dem' }, key, false],
    ['no other alias', 'uid', { alias: 'payments' }, key, false],
    ['nothing unsigned', 'uid', { signature: undefined }, key, false],
    ['no empty signature', 'uid', { signature: '' }, key, false],
    ['nothing of another key', 'uid', {}, createSecretKey(Buffer.alloc(32, 2)), false],
  ])('accepts %s', (_name, uid, change, by, want) => {
    expect(isAuthentic(uid, { ...registration, signature, ...change }, by)).toBe(want);
  });

  it('distinguishes texts that run into each other', () => {
    const one = registrationSignature('uid', { ...registration, project: 'a', alias: 'b"c' }, key);
    expect(one).not.toBe(registrationSignature('uid', { ...registration, project: 'a"b', alias: 'c' }, key));
  });
});
