import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BitbucketDataCenter,
  createBitbucketDataCenter,
} from '../../../test/harness/peers/bitbucket/data-center/bitbucket-data-center.ts';
import { describeConformance } from '../conformance.ts';
import type { ProviderError, Target } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { bitbucket } from './bitbucket.ts';

const webUrl = 'https://git.example.com/bitbucket';

function createServer(): BitbucketDataCenter {
  const server = createBitbucketDataCenter({ url: webUrl });
  server.addUser('alice', 'password');
  server.addToken({ token: 'BBDC-alice' });
  return server;
}

describeConformance({
  provider: bitbucket,
  peer: createServer(),
  webUrl,
  good: { kind: 'token', token: 'BBDC-alice' },
  report: { kind: 'HTTPAccessToken', account: 'alice', permissions: 'NotReported', missing: [] },
  foreignUrl: 'https://github.com',
});

describe('Bitbucket Data Center', () => {
  let peer: BitbucketDataCenter;
  let world: World;

  beforeAll(async () => {
    peer = createServer();
    peer.addRepository({ fullName: 'PRJ/app' });
    peer.addRepository({ fullName: 'PRJ/hidden', readers: [] });
    peer.addRepository({ fullName: 'PRJ/open', isPublic: true });
    peer.addToken({ token: 'BBDC-repository', kind: 'repository', resource: 'PRJ/hidden' });
    world = await openWorld([peer]);
  });
  afterAll(() => world.close());

  const validate = (token: string, change?: Partial<Target>) =>
    bitbucket.validate({ kind: 'token', token }, world.target(bitbucket, webUrl, change));

  it('validates the token of a repository by that repository', async () => {
    const report = await validate('BBDC-repository', { repositories: ['PRJ/hidden'] });
    expect(report).toEqual({ kind: 'HTTPAccessToken', permissions: 'NotReported', missing: [] });
  });

  it.each<{ name: string; token: string; repositories: string[]; error: Partial<ProviderError> }>([
    {
      name: 'a token without a user and nothing to validate it by',
      token: 'BBDC-repository',
      repositories: [],
      error: { reason: 'Unauthorized', hint: expect.stringContaining('validation.repositories') },
    },
    {
      name: 'a token without a user and a repository that anybody may read',
      token: 'BBDC-repository',
      repositories: ['PRJ/open'],
      error: { reason: 'Unauthorized' },
    },
    {
      name: 'a repository that its user cannot read, which is a 401 there',
      token: 'BBDC-alice',
      repositories: ['PRJ/app', 'PRJ/hidden'],
      error: { reason: 'RepositoryNotAccessible', message: expect.stringContaining('PRJ/hidden') },
    },
    {
      name: 'a repository that does not exist',
      token: 'BBDC-alice',
      repositories: ['PRJ/none'],
      error: { reason: 'RepositoryNotAccessible' },
    },
  ])('refuses $name', async ({ token, repositories, error }) => {
    expect(await failureOf(validate(token, { repositories }))).toMatchObject(error);
  });

  it('distinguishes a CAPTCHA from a bad token', async () => {
    const exceptionName = 'com.atlassian.bitbucket.auth.CaptchaRequiredAuthenticationException';
    peer.failNext({ status: 401, body: { errors: [{ context: null, message: 'x', exceptionName }] } });
    const error = await failureOf(validate('BBDC-alice'));
    expect(error).toMatchObject({ reason: 'Unauthorized', hint: expect.stringContaining('CAPTCHA') });
  });
});
