import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BitbucketCloud,
  createBitbucketCloud,
} from '../../../test/harness/peers/bitbucket/cloud/bitbucket-cloud.ts';
import { wrongMechanism } from '../../../test/harness/peers/bitbucket/cloud/errors.ts';
import { describeConformance } from '../conformance.ts';
import type { Credential, CredentialReport, ProviderError, Target } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { bitbucket } from './bitbucket.ts';

const webUrl = 'https://bitbucket.org';
const enough = ['read:project:bitbucket', 'read:repository:bitbucket', 'write:repository:bitbucket'];

const makeNew = (page: string) => ({
  action: "Bitbucket can't add scopes to a token: create a new one that has them",
  page,
});

const conforming = createBitbucketCloud();
conforming.addToken({ token: 'ATATT-conformance', scopes: [...enough, 'read:user:bitbucket'] });

describeConformance({
  provider: bitbucket,
  peer: conforming,
  webUrl,
  good: { kind: 'token', token: 'ATATT-conformance', username: 'alice@example.com' },
  report: { kind: 'ApiToken', account: 'alice', permissions: 'Sufficient', missing: [] },
  foreignUrl: 'https://gitlab.com',
});

describe('Bitbucket Cloud', () => {
  let peer: BitbucketCloud;
  let world: World;

  beforeAll(async () => {
    peer = createBitbucketCloud();
    peer.addRepository({ fullName: 'acme/app' });
    peer.addRepository({ fullName: 'acme/other', members: [] });
    world = await openWorld([peer]);
  });
  beforeEach(() => {
    peer.addToken({ token: 'ATATT-1' });
    peer.addToken({ token: 'ATCTT-1', kind: 'repo_access_token', resource: 'acme/app' });
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  const email = 'alice@example.com';
  const validate = (
    credential: Omit<Extract<Credential, { kind: 'token' }>, 'kind'>,
    change?: Partial<Target>,
  ) => bitbucket.validate({ kind: 'token', ...credential }, world.target(bitbucket, webUrl, change));

  const reports: {
    name: string;
    arrange?: () => void;
    credential: Parameters<typeof validate>[0];
    report: CredentialReport;
  }[] = [
    {
      name: 'an API token, whose write does not bring read along',
      arrange: () => peer.setScopes('ATATT-1', ['write:repository:bitbucket', 'read:user:bitbucket']),
      credential: { token: 'ATATT-1', username: email },
      report: {
        kind: 'ApiToken',
        account: 'alice',
        scopes: ['read:user:bitbucket', 'write:repository:bitbucket'],
        permissions: 'Missing',
        missing: ['read:repository:bitbucket', 'read:project:bitbucket'],
        remedy: makeNew('https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/'),
      },
    },
    {
      name: 'an API token that lacks the scope to name its user: a refusal that validates it',
      arrange: () => peer.setScopes('ATATT-1', enough),
      credential: { token: 'ATATT-1', username: email },
      report: { kind: 'ApiToken', scopes: enough, permissions: 'Sufficient', missing: [] },
    },
    {
      name: 'the access token of a repository',
      credential: { token: 'ATCTT-1' },
      report: {
        kind: 'RepositoryAccessToken',
        scopes: ['repository:write'],
        permissions: 'Sufficient',
        missing: [],
      },
    },
    {
      name: "an access token that comes with Git's user name for it",
      credential: { token: 'ATCTT-1', username: 'x-token-auth' },
      report: expect.objectContaining({ kind: 'RepositoryAccessToken' }),
    },
    {
      name: 'the access token of a workspace',
      arrange: () => peer.addToken({ token: 'ATCTT-1', kind: 'workspace_access_token', resource: 'acme' }),
      credential: { token: 'ATCTT-1' },
      report: {
        kind: 'WorkspaceAccessToken',
        scopes: ['repository:write'],
        permissions: 'Missing',
        missing: ['project'],
        remedy: makeNew('https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/'),
      },
    },
  ];

  it.each(reports)('reports $name', async ({ arrange, credential, report }) => {
    arrange?.();
    expect(await validate(credential)).toEqual(report);
    expect(peer.requests.map(({ host, path }) => `${host}${path}`)).toEqual(['api.bitbucket.org/2.0/user']);
  });

  const refusals: {
    name: string;
    credential: Parameters<typeof validate>[0];
    error: Partial<ProviderError>;
  }[] = [
    {
      name: 'an app password',
      credential: { token: 'ATBBsecret', username: 'alice' },
      error: { reason: 'AppPasswordRetired', disposition: 'needsPerson' },
    },
    {
      name: 'an API token with a user name',
      credential: { token: 'ATATT-1', username: 'alice' },
      error: { reason: 'Unauthorized', hint: expect.stringContaining('e-mail address') },
    },
    {
      name: 'an API token without a user name',
      credential: { token: 'ATATT-1' },
      error: { reason: 'Unauthorized', hint: expect.stringContaining('e-mail address') },
    },
    {
      name: 'an access token with a user name',
      credential: { token: 'ATCTT-1', username: 'alice' },
      error: { reason: 'Unauthorized', hint: expect.stringContaining('leave it out') },
    },
  ];

  it.each(refusals)('refuses $name', async ({ credential, error }) => {
    expect(await failureOf(validate(credential))).toMatchObject(error);
  });

  it('reaches a listed repository', async () => {
    const credential = { token: 'ATCTT-1' };
    await expect(validate(credential, { repositories: ['acme/app'] })).resolves.toBeDefined();
  });

  it('names a listed repository that it does not reach', async () => {
    const error = await failureOf(validate({ token: 'ATCTT-1' }, { repositories: ['acme/other'] }));
    expect(error.reason).toBe('RepositoryNotAccessible');
    expect(error.message).toContain('acme/other');
  });

  it.each([
    { name: 'by its text alone', headers: {}, report: { kind: 'AccessToken', permissions: 'NotReported' } },
    {
      name: 'with its scopes',
      headers: { 'x-oauth-scopes': 'repository:write, project' },
      report: { kind: 'AccessToken', scopes: ['project', 'repository:write'], permissions: 'Sufficient' },
    },
    {
      name: 'with its kind',
      headers: { 'x-credential-type': 'workspace_access_token' },
      report: { kind: 'WorkspaceAccessToken', permissions: 'NotReported' },
    },
  ])('takes the refusal that only access tokens get for their proof, $name', async ({ headers, report }) => {
    peer.failNext({ ...wrongMechanism(), headers, match: '/2.0/user' });
    expect(await validate({ token: 'ATCTT-1' }, { repositories: ['acme/app'] })).toMatchObject(report);
    expect(peer.requests.map(({ path }) => path)).toEqual(['/2.0/user', '/2.0/repositories/acme/app']);
  });

  it('survives a refusal with a text where others have a list', async () => {
    peer.failNext({ status: 403, body: { type: 'error', error: { message: 'Forbidden', detail: 'No.' } } });
    expect(await failureOf(validate({ token: 'ATCTT-1' }))).toMatchObject({ reason: 'Unauthorized' });
  });

  it('refuses a GitHub App', async () => {
    const app = { kind: 'githubApp', appId: '1', privateKey: 'none' } as const;
    const error = await failureOf(bitbucket.validate(app, world.target(bitbucket, webUrl)));
    expect(error.reason).toBe('WrongProvider');
  });
});
