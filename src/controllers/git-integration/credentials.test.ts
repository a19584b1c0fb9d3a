import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { credentialDigest } from '../../domain/digests.ts';
import type { KubeObject } from '../../kube/object.ts';
import { createStore } from '../../kube/store.ts';
import type { Credential } from '../../providers/provider.ts';
import { rememberedExpiry } from './credentials.ts';
import { integrationIndexes } from './indexes.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const cloud = new URL('https://github.com');
const token: Credential = { kind: 'token', token: 'ghp_1' };
const digest = credentialDigest('GitHub', cloud, token, key);

describe('credentialDigest', () => {
  it('is the same for the same credential, and shows nothing of it', () => {
    expect(credentialDigest('GitHub', cloud, { ...token }, key)).toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    { name: 'another token', other: credentialDigest('GitHub', cloud, { ...token, token: 'ghp_2' }, key) },
    { name: 'another user', other: credentialDigest('GitHub', cloud, { ...token, username: 'a' }, key) },
    { name: 'another provider', other: credentialDigest('GitLab', cloud, token, key) },
    { name: 'another server', other: credentialDigest('GitHub', new URL('https://a.ghe.com'), token, key) },
    {
      name: 'another key',
      other: credentialDigest('GitHub', cloud, token, createSecretKey(Buffer.alloc(32, 2))),
    },
  ])('is another for $name', ({ other }) => {
    expect(other).not.toBe(digest);
  });
});

describe('rememberedExpiry', () => {
  const integration = (name: string, credential?: Record<string, unknown>): KubeObject => ({
    apiVersion: 'codemie.ai/v1alpha1',
    kind: 'GitIntegration',
    metadata: {
      name,
      namespace: 'team',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    ...(credential && { status: { credential } }),
  });
  const store = createStore(integrationIndexes);
  store.replace([
    integration('new'),
    integration('older', { digest, expiresAt: '2027-01-01T00:00:00Z' }),
    integration('prolonged', { digest, expiresAt: '2027-06-01T02:00:00+02:00' }),
    integration('endless', { digest }),
    integration('other', { digest: 'f00', expiresAt: '2030-01-01T00:00:00Z' }),
    integration('spoilt', { digest: 7, expiresAt: '2030-01-01T00:00:00Z' }),
  ]);

  it('is the latest that any integration with the credential remembers', () => {
    expect(rememberedExpiry(digest, store)).toBe('2027-06-01T02:00:00+02:00');
  });

  it('is nothing for a credential that no one has seen', () => {
    expect(rememberedExpiry('0', store)).toBeUndefined();
  });
});
