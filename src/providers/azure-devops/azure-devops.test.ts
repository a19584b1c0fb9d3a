import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AzureDevOps,
  createAzureDevOps,
} from '../../../test/harness/peers/azure-devops/azure-devops.ts';
import { describeConformance } from '../conformance.ts';
import type { CredentialReport, ProviderError, Target } from '../provider.ts';
import { failureOf, openWorld, type World } from '../testing/world.ts';
import { azureDevOps } from './azure-devops.ts';

const report: CredentialReport = {
  kind: 'PersonalAccessToken',
  account: 'alice@example.com',
  permissions: 'NotReported',
  missing: [],
};
const good = { kind: 'token', token: 'azure-conformance' } as const;

const services = createAzureDevOps();
services.addOrganization('acme');
services.addToken(good);
describeConformance({
  provider: azureDevOps,
  peer: services,
  webUrl: 'https://dev.azure.com/acme',
  good,
  report,
  foreignUrl: 'https://github.com/acme',
});

const server = createAzureDevOps({ url: 'https://ado.example.com:8443/tfs' });
server.addOrganization('DefaultCollection');
server.addToken(good);
describeConformance({
  provider: azureDevOps,
  peer: server,
  webUrl: 'https://ado.example.com:8443/tfs/DefaultCollection',
  good,
  report,
  foreignUrl: 'https://gitlab.com/acme',
});

describe('Azure DevOps', () => {
  const webUrl = 'https://dev.azure.com/acme';
  const token = 'azure-1';
  let peer: AzureDevOps;
  let world: World;

  beforeAll(async () => {
    peer = createAzureDevOps();
    peer.addOrganization('acme');
    peer.addOrganization('open', { hasPublicProjects: true });
    peer.addRepository({ fullName: 'acme/Web Shop/shop' });
    peer.addRepository({ fullName: 'acme/Web Shop/vault', readers: [] });
    peer.addRepository({ fullName: 'acme/solo/solo' });
    world = await openWorld([peer]);
  });
  beforeEach(() => {
    peer.clearFaults();
    peer.addToken({ token });
    peer.requests.length = 0;
  });
  afterAll(() => world.close());

  const validate = (change?: Partial<Target>, secret = token, url = webUrl) =>
    azureDevOps.validate({ kind: 'token', token: secret }, world.target(azureDevOps, url, change));

  it('validates a token by one call, whatever its scopes', async () => {
    peer.setScopes(token, []);
    expect(await validate()).toEqual(report);
    expect(peer.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /acme/_apis/connectionData',
    ]);
  });

  it('sends the token as a password without a user, and asks for no sign-in page', async () => {
    await validate();
    const sent = peer.requests[0];
    expect(sent?.header('authorization')).toBe(`Basic ${btoa(`:${token}`)}`);
    expect(sent?.header('x-tfs-fedauthredirect')).toBe('Suppress');
  });

  it('reports the budget where the server does', async () => {
    const headers = {
      'x-ratelimit-limit': '200',
      'x-ratelimit-remaining': '7',
      'x-ratelimit-reset': '1800000000',
    };
    const body = { authenticatedUser: { id: 'f3a1', descriptor: 'x', providerDisplayName: 'Alice' } };
    peer.failNext({ status: 200, headers, body });
    expect(await validate()).toEqual({
      ...report,
      account: 'Alice',
      rateLimit: { limit: 200, remaining: 7, resetsAt: '2027-01-15T08:00:00Z' },
    });
  });

  it.each(['Web%20Shop/shop', 'Web%20Shop/_git/shop', 'web%20shop/SHOP', 'solo/solo', 'solo/_git/solo'])(
    'reaches the repository %s',
    async (repository) => {
      await expect(validate({ repositories: [repository] })).resolves.toMatchObject(report);
    },
  );

  it.each<{ name: string; scopes?: string[]; repository: string }>([
    { name: 'hidden from its owner', repository: 'Web%20Shop/vault' },
    { name: 'of a project that does not exist', repository: 'none/shop' },
    { name: 'with a stray percent sign', repository: '100%/shop' },
    { name: 'without the scope', scopes: ['vso.work'], repository: 'Web%20Shop/shop' },
  ])('names a repository that it does not reach: $name', async ({ scopes, repository }) => {
    if (scopes) peer.setScopes(token, scopes);
    const error = await failureOf(validate({ repositories: [repository] }));
    expect(error).toMatchObject({ reason: 'RepositoryNotAccessible', disposition: 'needsPerson' });
    expect(error.message).toContain(repository);
  });

  it.each<{ name: string; arrange?: () => void; url?: string; error: Partial<ProviderError> }>([
    { name: 'has expired', arrange: () => peer.expireToken(token), error: { reason: 'Expired' } },
    { name: 'is revoked', arrange: () => peer.revokeToken(token), error: { reason: 'Unauthorized' } },
    {
      name: 'is of another organization',
      arrange: () => peer.addToken({ token, organization: 'open' }),
      error: { reason: 'Unauthorized', hint: expect.stringContaining('another organization') },
    },
    {
      name: 'comes from an address that a policy keeps out',
      arrange: () => peer.refuseAddresses('acme'),
      error: { reason: 'AddressNotAllowed' },
    },
    {
      name: 'is for an organization that does not exist',
      url: 'https://dev.azure.com/acne',
      error: { reason: 'ProviderError', message: expect.stringContaining('no organization') },
    },
  ])('refuses a token that $name', async ({ arrange, url, error }) => {
    arrange?.();
    expect(await failureOf(validate({}, token, url))).toMatchObject(error);
    peer.refuseAddresses('acme', false);
  });

  it('is not deceived by an organization that answers anyone', async () => {
    const error = await failureOf(validate({}, 'azure-bad', 'https://dev.azure.com/open'));
    expect(error).toMatchObject({ reason: 'Unauthorized', disposition: 'needsPerson' });
  });

  it('refuses a GitHub App', async () => {
    const app = { kind: 'githubApp', appId: '1', privateKey: 'none' } as const;
    const error = await failureOf(azureDevOps.validate(app, world.target(azureDevOps, webUrl)));
    expect(error.reason).toBe('WrongProvider');
  });
});
