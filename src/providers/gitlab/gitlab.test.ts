import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blockedByCloudflare, dpopRequired } from '../../../test/harness/peers/gitlab/failures.ts';
import { createGitLab, type GitLab } from '../../../test/harness/peers/gitlab/gitlab.ts';
import { describeConformance } from '../conformance.ts';
import type { CredentialReport, ProviderError, Target } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { gitlab } from './gitlab.ts';

for (const webUrl of ['https://gitlab.com', 'https://git.example.com/git/lab']) {
  const conforming = createGitLab({ url: webUrl });
  conforming.addToken({ token: 'glpat-conformance', username: 'alice' });
  describeConformance({
    provider: gitlab,
    peer: conforming,
    webUrl,
    good: { kind: 'token', token: 'glpat-conformance' },
    report: {
      kind: 'PersonalAccessToken',
      account: 'alice',
      scopes: ['api'],
      permissions: 'Sufficient',
      missing: [],
    },
    foreignUrl: 'https://github.com',
  });
}

describe('GitLab', () => {
  const webUrl = 'https://git.example.com/gitlab';
  const token = 'glpat-1';
  let peer: GitLab;
  let world: World;

  beforeAll(async () => {
    peer = createGitLab({ url: webUrl });
    peer.addProject({ path: 'group/sub/app' });
    world = await openWorld([peer]);
  });
  beforeEach(() => {
    peer.clearFaults();
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  const validate = (change?: Partial<Target>, secret = token) =>
    gitlab.validate({ kind: 'token', token: secret }, world.target(gitlab, webUrl, change));

  const reports: { name: string; given: Parameters<GitLab['addToken']>[0]; report: CredentialReport }[] = [
    {
      name: 'a personal token that ends: at the very beginning of its last day, UTC',
      given: { token, expiresOn: '2999-05-01' },
      report: {
        kind: 'PersonalAccessToken',
        account: 'alice',
        scopes: ['api'],
        permissions: 'Sufficient',
        missing: [],
        expiresAt: '2999-05-01T00:00:00Z',
      },
    },
    {
      name: 'a token that can read only: it names what is missing',
      given: { token, scopes: ['read_repository', 'read_api'] },
      report: {
        kind: 'PersonalAccessToken',
        account: 'alice',
        scopes: ['read_api', 'read_repository'],
        permissions: 'Missing',
        missing: ['api'],
        remedy: {
          action: "GitLab can't add scopes to a token: create a new one that has them",
          page: 'https://git.example.com/gitlab/-/user_settings/personal_access_tokens?name=CodeMie&scopes=api',
        },
      },
    },
    {
      name: 'a token that lacks permission to read its owner',
      given: { token, scopes: ['write_repository'] },
      report: {
        kind: 'PersonalAccessToken',
        account: expect.stringMatching(/^user \d+$/),
        scopes: ['write_repository'],
        permissions: 'Missing',
        missing: ['api'],
        remedy: {
          action: "GitLab can't add scopes to a token: create a new one that has them",
          page: 'https://git.example.com/gitlab/-/user_settings/personal_access_tokens?name=CodeMie&scopes=api',
        },
      },
    },
    {
      name: 'a project token',
      given: { token, kind: 'projectAccess', namespace: 'group/sub/app' },
      report: {
        kind: 'ProjectAccessToken',
        account: expect.stringMatching(/^project_\d+_bot_/),
        scopes: ['api'],
        permissions: 'Sufficient',
        missing: [],
      },
    },
    {
      name: 'a group token',
      given: { token, kind: 'groupAccess', namespace: 'group' },
      report: {
        kind: 'GroupAccessToken',
        account: expect.stringMatching(/^group_\d+_bot_/),
        scopes: ['api'],
        permissions: 'Sufficient',
        missing: [],
      },
    },
    {
      name: 'a fine-grained token that may read itself',
      given: { token, permissions: ['Personal Access Token: Read'] },
      report: expect.objectContaining({
        kind: 'FineGrainedPersonalAccessToken',
        permissions: 'NotReported',
        missing: [],
      }),
    },
    {
      name: 'a fine-grained token that lacks that permission: it is valid all the same',
      given: { token, permissions: ['Project: Read'] },
      report: { kind: 'FineGrainedPersonalAccessToken', permissions: 'NotReported', missing: [] },
    },
    {
      name: 'an OAuth token',
      given: { token, kind: 'oauth', scopes: ['api'] },
      report: { kind: 'OAuthToken', account: 'alice', permissions: 'NotReported', missing: [] },
    },
  ];

  it.each(reports)('reports $name', async ({ given, report }) => {
    peer.addToken(given);
    expect(await validate()).toEqual(report);
  });

  it('asks below the sub-path only', async () => {
    peer.addToken({ token });
    await validate();
    expect(peer.requests.map(({ path }) => path)).toEqual([
      '/gitlab/api/v4/personal_access_tokens/self',
      '/gitlab/api/v4/user',
    ]);
  });

  const failures: { name: string; arrange: (peer: GitLab) => void; error: Partial<ProviderError> }[] = [
    { name: 'expired', arrange: (gl) => gl.expireToken(token), error: { reason: 'Expired' } },
    { name: 'revoked', arrange: (gl) => gl.revokeToken(token), error: { reason: 'Revoked' } },
    {
      name: 'of a blocked owner',
      arrange: (gl) => gl.setUserState('alice', 'blocked'),
      error: {
        reason: 'Unauthorized',
        hint: 'The account is blocked; have an administrator of the server unblock it.',
      },
    },
    {
      name: 'of an owner who waits for approval',
      arrange: (gl) => gl.setUserState('alice', 'blocked_pending_approval'),
      error: {
        reason: 'Unauthorized',
        hint: 'Have an administrator of the server approve the account.',
      },
    },
    {
      name: 'that demands DPoP',
      arrange: (gl) => gl.failNext(dpopRequired()),
      error: { reason: 'Unauthorized', hint: expect.stringContaining('DPoP') },
    },
    {
      name: 'that only opens repositories',
      arrange: (gl) => gl.addToken({ token, kind: 'deploy' }),
      error: { reason: 'Unauthorized', hint: expect.stringContaining('deploy token') },
    },
    {
      name: 'stopped by a firewall: not the fault of the token',
      arrange: (gl) => gl.failNext(blockedByCloudflare()),
      error: { reason: 'ProviderError', disposition: 'retry' },
    },
  ];

  it.each(failures)('refuses a token $name', async ({ arrange, error }) => {
    peer.addToken({ token });
    peer.setUserState('alice', 'active');
    arrange(peer);
    expect(await failureOf(validate())).toMatchObject(error);
    peer.setUserState('alice', 'active');
  });

  it('reaches a listed project', async () => {
    peer.addProject({ path: 'group/sub/mine', members: { alice: 30 } });
    peer.addToken({ token });
    await expect(validate({ repositories: ['group/sub/mine'] })).resolves.toMatchObject({ account: 'alice' });
  });

  it('names a listed project that it does not reach', async () => {
    peer.addToken({ token, username: 'stranger' });
    const error = await failureOf(validate({ repositories: ['group/sub/app'] }));
    expect(error).toMatchObject({ reason: 'RepositoryNotAccessible', disposition: 'needsPerson' });
    expect(error.message).toContain('group/sub/app');
  });

  it('refuses a GitHub App', async () => {
    const app = { kind: 'githubApp', appId: '1', privateKey: 'none' } as const;
    const error = await failureOf(gitlab.validate(app, world.target(gitlab, webUrl)));
    expect(error.reason).toBe('WrongProvider');
  });
});
