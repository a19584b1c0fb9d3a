import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitLab, type GitLab } from '../../../test/harness/peers/gitlab/gitlab.ts';
import type { Credential, ProviderError } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { gitlab } from './gitlab.ts';

const webUrl = 'https://git.example.com/gitlab';
const token = 'gldt-1';
const username = 'gitlab+deploy-token-1';

let peer: GitLab;
let world: World;
beforeAll(async () => {
  peer = createGitLab({ url: webUrl });
  for (const path of ['group/app', 'group/other']) peer.addProject({ path });
  peer.addProject({ path: 'group/open', visibility: 'public' });
  world = await openWorld([peer]);
});
beforeEach(() => {
  peer.addToken({ token, kind: 'deploy', username, namespace: 'group/app', scopes: ['read_repository'] });
  peer.requests.length = 0;
});
afterAll(() => world.close());

const validate = (repositories: string[], change: Partial<Extract<Credential, { kind: 'token' }>> = {}) =>
  gitlab.validate(
    { kind: 'token', token, username, ...change },
    world.target(gitlab, webUrl, { repositories }),
  );

describe('a deploy token', () => {
  it('is validated by a private project that it opens', async () => {
    expect(await validate(['group/app'])).toEqual({
      kind: 'DeployToken',
      account: username,
      permissions: 'NotReported',
      missing: [],
    });
    const clone = '/gitlab/group/app.git/info/refs';
    expect(peer.requests.map(({ path }) => path)).toEqual([
      '/gitlab/api/v4/personal_access_tokens/self',
      clone,
      clone,
    ]);
    expect(peer.requests.map((request) => request.header('git-protocol'))).toEqual([
      undefined,
      'version=2',
      'version=2',
    ]);
  });

  it.each<{
    name: string;
    repositories: string[];
    change?: { token?: string; username?: string };
    error: Partial<ProviderError>;
  }>([
    { name: 'nothing to validate it by', repositories: [], error: { reason: 'Unauthorized' } },
    {
      name: 'a project that is public',
      repositories: ['group/open'],
      error: { reason: 'Unauthorized' },
    },
    {
      name: 'a project that it does not open',
      repositories: ['group/other'],
      error: { reason: 'Unauthorized' },
    },
    {
      name: 'one that it opens and one that it does not',
      repositories: ['group/app', 'group/other'],
      error: { reason: 'RepositoryNotAccessible', message: expect.stringContaining('group/other') },
    },
    {
      name: 'the user name of another',
      repositories: ['group/app'],
      change: { username: 'alice' },
      error: { reason: 'Unauthorized' },
    },
    {
      name: 'an unknown token',
      repositories: ['group/app'],
      change: { token: 'gldt-2' },
      error: { reason: 'Unauthorized' },
    },
  ])('is not validated by $name', async ({ repositories, change, error }) => {
    expect(await failureOf(validate(repositories, change))).toMatchObject(error);
  });

  it('is not looked for without its own user name', async () => {
    const error = await failureOf(validate(['group/app'], { username: 'oauth2' }));
    expect(error).toMatchObject({
      reason: 'Unauthorized',
      isExplained: true,
      message: 'The token is a GitLab deploy token ("gldt-…"), which opens no API.',
      hint: expect.stringMatching(/^Set auth\.token\.username .*validation\.repositories/),
    });
    expect(peer.requests).toHaveLength(0);
  });

  it('is not looked for without a project', async () => {
    const error = await failureOf(validate([]));
    expect(error).toMatchObject({
      reason: 'Unauthorized',
      isExplained: true,
      hint: expect.stringMatching(/^List a private project of it under validation\.repositories/),
    });
    expect(peer.requests).toHaveLength(0);
  });

  it('without the prefix is asked about', async () => {
    const error = await failureOf(validate(['group/app'], { token: 'acme-gldt-2', username: 'oauth2' }));
    expect(error.hint).toContain('a deploy token needs its own username');
    expect(peer.requests).toHaveLength(1);
  });
});
