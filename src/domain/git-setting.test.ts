import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { settingDigest } from './digests.ts';
import { ownerMark, settingValues, tokenName } from './git-setting.ts';

const owner = ownerMark('c', 'ns', 'n');

describe('settingValues', () => {
  it('sends a token without any key of an App', () => {
    const values = settingValues(
      'https://github.com',
      { kind: 'token', token: 't', name: 'oauth2', headerAuth: false },
      owner,
    );
    expect(values.map((v) => v.key)).toEqual(['url', 'auth_type', 'name', 'token', 'managed_by']);
  });

  it('sends header authentication only when asked for', () => {
    const values = settingValues(
      'https://git.example.com',
      { kind: 'token', token: 't', name: 'bot', headerAuth: true },
      owner,
    );
    expect(values).toContainEqual({ key: 'use_header_auth', value: true });
  });

  it('sends an App without token and always with its installation', () => {
    const values = settingValues(
      'https://github.com',
      { kind: 'githubApp', appId: '1', privateKey: 'pem', installationId: 42 },
      owner,
    );
    expect(values.map((v) => v.key)).toEqual([
      'url',
      'auth_type',
      'app_id',
      'private_key',
      'installation_id',
      'managed_by',
    ]);
    expect(values).toContainEqual({ key: 'installation_id', value: '42' });
  });
});

describe('settingDigest', () => {
  const key = createSecretKey(Buffer.from('key'));
  const base = {
    scope: 'Project' as const,
    project: 'p',
    alias: 'a',
    isGlobal: false,
    values: [
      { key: 'url', value: 'u' },
      { key: 'token', value: 't' },
    ],
  };

  it('does not depend on the order of keys', () => {
    expect(settingDigest({ ...base, values: base.values.toReversed() }, key)).toBe(settingDigest(base, key));
  });

  it.each([
    ['alias', { alias: 'b' }],
    ['project', { project: 'q' }],
    ['is_global', { isGlobal: true }],
    ['scope', { scope: 'User' as const }],
    ['a value', { values: [base.values[0] ?? { key: '', value: '' }, { key: 'token', value: 'T' }] }],
  ])('changes with %s', (_name, change) => {
    expect(settingDigest({ ...base, ...change }, key)).not.toBe(settingDigest(base, key));
  });

  it('changes with the key and shows nothing of the secret', () => {
    expect(settingDigest(base, createSecretKey(Buffer.from('other')))).not.toBe(settingDigest(base, key));
    expect(settingDigest(base, key)).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  });
});

it.each([
  ['GitHub', undefined, 'oauth2'],
  ['GitLab', undefined, 'oauth2'],
  ['Bitbucket', undefined, 'x-token-auth'],
  ['AzureDevOps', undefined, 'oauth2'],
  ['Bitbucket', 'alice', 'alice'],
  ['Bitbucket', 'alice@example.com', 'x-bitbucket-api-token-auth'],
  ['GitLab', 'alice@example.com', 'alice@example.com'],
] as const)('%s with %s is sent as %s', (provider, username, name) => {
  expect(tokenName(provider, username)).toBe(name);
});
