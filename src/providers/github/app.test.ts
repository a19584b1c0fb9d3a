import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub, type GitHub } from '../../../test/harness/peers/github/github.ts';
import { failureOf, openWorld, type World } from '../conformance.ts';
import type { Credential, Installation, InstallationSelector, ProviderError, Target } from '../provider.ts';
import { createOctokit } from './client.ts';
import { github } from './github.ts';
import { resolveInstallation } from './installation.ts';

const newKey = (type: 'pkcs1' | 'pkcs8'): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type, format: 'pem' }).toString();

const privateKey = newKey('pkcs1');
const app = { kind: 'githubApp', appId: '12', privateKey } as const;
const all = { contents: 'write', pull_requests: 'write', metadata: 'read' } as const;

let peer: GitHub;
let world: World;

beforeAll(async () => {
  peer = createGitHub();
  peer.addApp({ id: 13, privateKey: newKey('pkcs1') });
  peer.addOrganization('acme');
  peer.addOrganization('beta');
  peer.addRepository({ fullName: 'acme/app' });
  peer.addRepository({ fullName: 'octocat/one' });
  peer.addRepository({ fullName: 'octocat/two' });
  world = await openWorld([peer]);
});
beforeEach(() => {
  peer.clearFaults();
  peer.setClock(() => Date.now());
  peer.addApp({ id: 12, privateKey, slug: 'my-app', owner: 'acme', permissions: all });
  peer.addInstallation({
    appId: 12,
    account: 'octocat',
    accountType: 'User',
    id: 101,
    repositories: ['octocat/one'],
  });
  peer.addInstallation({ appId: 12, account: 'acme', id: 100 });
  peer.addInstallation({ appId: 12, account: 'beta', id: 102 });
  peer.addInstallation({ appId: 13, account: 'acme', id: 200 });
  peer.requests.length = 0;
});
afterAll(() => world.close());

const targetOf = (change?: Partial<Target>) => world.target(github, 'https://github.com', change);
const validate = (credential: Credential = app, change?: Partial<Target>) =>
  github.validate(credential, targetOf(change));

async function resolve(selector: InstallationSelector, change?: Partial<Target>): Promise<Installation> {
  const report = await validate();
  const target = targetOf(change);
  return resolveInstallation(createOctokit(app, target), selector, target, report);
}

describe('a GitHub App', () => {
  it('is known by one call and its own token', async () => {
    expect(await validate()).toEqual({
      kind: 'GitHubApp',
      account: 'my-app[bot]',
      permissions: 'Sufficient',
      missing: [],
      app: { slug: 'my-app', owner: 'acme', permissions: all },
    });
    expect(peer.requests.map(({ path }) => path)).toEqual(['/app']);
  });

  it('may come with a key in PKCS#8', async () => {
    const key = newKey('pkcs8');
    peer.setAppKey(12, key);
    await expect(validate({ ...app, privateKey: key })).resolves.toMatchObject({ kind: 'GitHubApp' });
  });

  it.each([
    { name: '14 minutes behind', skewMs: -14 * 60_000 },
    { name: '14 minutes ahead', skewMs: 14 * 60_000 },
  ])('is known with a clock that is $name, at the cost of one call', async ({ skewMs }) => {
    const now = () => Date.now() + skewMs;
    const target = targetOf({ now });
    const report = await github.validate(app, target);
    expect(report.kind).toBe('GitHubApp');
    expect(peer.requests.map(({ path }) => path)).toEqual(['/app', '/app']);
  });

  const failures: {
    name: string;
    credential?: Credential;
    arrange?: () => void;
    error: Partial<ProviderError>;
  }[] = [
    {
      name: 'the key is of another App',
      credential: { ...app, privateKey: newKey('pkcs1') },
      error: { reason: 'KeyAppMismatch', disposition: 'needsPerson' },
    },
    {
      name: 'there is no such App',
      credential: { ...app, appId: '99' },
      error: { reason: 'KeyAppMismatch', hint: expect.stringContaining('App ID') },
    },
    {
      name: 'the App has no key at all',
      arrange: () => peer.setAppKey(12, undefined),
      error: { reason: 'KeyAppMismatch' },
    },
  ];

  it.each(failures)('fails when $name', async ({ credential, arrange, error }) => {
    arrange?.();
    expect(await failureOf(validate(credential))).toMatchObject(error);
  });
});

describe('an installation', () => {
  const acme: Installation = {
    id: 100,
    account: 'acme',
    accountType: 'Organization',
    repositorySelection: 'all',
    others: [],
    permissions: 'Sufficient',
    missing: [],
    pending: [],
  };

  const found: {
    name: string;
    selector: InstallationSelector;
    installation: Partial<Installation>;
    path: string;
  }[] = [
    {
      name: 'the first: the lowest id, with the others named',
      selector: { by: 'first' },
      installation: { ...acme, others: ['beta', 'octocat'] },
      path: '/app/installations',
    },
    {
      name: 'by id',
      selector: { by: 'id', id: 100 },
      installation: acme,
      path: '/app/installations/100',
    },
    {
      name: 'by an organization, in whatever case',
      selector: { by: 'owner', owner: 'ACME' },
      installation: acme,
      path: '/users/ACME/installation',
    },
    {
      name: 'by a user',
      selector: { by: 'owner', owner: 'octocat' },
      installation: { id: 101, accountType: 'User', repositorySelection: 'selected' },
      path: '/users/octocat/installation',
    },
    {
      name: 'by a repository',
      selector: { by: 'repository', repository: 'octocat/one' },
      installation: { id: 101 },
      path: '/repos/octocat/one/installation',
    },
  ];

  it.each(found)('is found $name, with two calls in all', async ({ selector, installation, path }) => {
    expect(await resolve(selector)).toMatchObject(installation);
    expect(peer.requests.map((request) => request.path)).toEqual(['/app', path]);
  });

  it('is found on the second page', async () => {
    for (let id = 1000; id < 1120; id += 1) {
      peer.addInstallation({ appId: 12, account: `org-${id}`, id });
    }
    peer.suspend(100);
    const { id, others } = await resolve({ by: 'first' });
    expect([id, others.length]).toEqual([101, 121]);
    for (let id = 1000; id < 1120; id += 1) peer.removeInstallation(id);
  });

  const absent: { name: string; selector: InstallationSelector }[] = [
    { name: 'an id of another App', selector: { by: 'id', id: 200 } },
    { name: 'an owner without it', selector: { by: 'owner', owner: 'nobody' } },
    { name: 'a repository that is not selected', selector: { by: 'repository', repository: 'octocat/two' } },
  ];

  it.each(absent)('is not found by $name', async ({ selector }) => {
    expect(await failureOf(resolve(selector))).toMatchObject({
      reason: 'NotFound',
      disposition: 'needsPerson',
    });
  });

  it('is told as suspended, with itself attached', async () => {
    peer.suspend(100);
    const error = await failureOf(resolve({ by: 'owner', owner: 'acme' }));
    expect(error).toMatchObject({
      reason: 'Suspended',
      disposition: 'needsPerson',
      installation: { id: 100 },
    });
    expect(error.installation?.suspendedAt).toMatch(/^\d{4}-/);
  });

  it('that is suspended is passed over by the first', async () => {
    peer.suspend(100);
    expect(await resolve({ by: 'first' })).toMatchObject({ id: 101, others: ['beta'] });
  });

  it('tells what the account has yet to approve from what the App does not ask for', async () => {
    peer.setAppPermissions(12, { contents: 'write', metadata: 'read' });
    peer.addInstallation({ appId: 12, account: 'acme', id: 100, permissions: { metadata: 'read' } });
    expect(await resolve({ by: 'id', id: 100 })).toMatchObject({
      permissions: 'Missing',
      missing: ['contents:write', 'pull_requests:write'],
      pending: ['contents:write'],
    });
  });

  it('reaches a listed repository', async () => {
    const installation = await resolve({ by: 'owner', owner: 'octocat' }, { repositories: ['octocat/one'] });
    expect(installation.id).toBe(101);
  });

  it.each(['octocat/two', 'acme/app'])(
    'does not reach %s, which is not one of its own',
    async (repository) => {
      const error = await failureOf(
        resolve({ by: 'owner', owner: 'octocat' }, { repositories: [repository] }),
      );
      expect(error).toMatchObject({ reason: 'RepositoryNotAccessible' });
      expect(error.message).toContain(repository);
    },
  );

  it('never mints a token, and its calls go to the API only', () => {
    expect(world.internet.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(new Set(world.internet.requests.map(({ host }) => host))).toEqual(new Set(['api.github.com']));
  });
});

describe('a GitHub Enterprise Server', () => {
  it('is asked under /api/v3 and nothing goes to api.github.com', async () => {
    const server = createGitHub({ host: 'github.example.com', enterpriseServer: { version: '3.19.1' } });
    server.addApp({ id: 12, privateKey, slug: 'on-premises' });
    server.addInstallation({ appId: 12, account: 'acme', id: 7 });
    const ours = await openWorld([server, createGitHub()]);
    const target = ours.target(github, 'https://github.example.com');
    const report = await github.validate(app, target);
    const installation = await github.resolveInstallation?.(app, { by: 'first' }, target, report);
    await ours.close();
    expect(installation).toMatchObject({ id: 7, account: 'acme' });
    expect(ours.internet.requests.map(({ host, path }) => `${host}${path}`)).toEqual([
      'github.example.com/api/v3/app',
      'github.example.com/api/v3/app/installations',
    ]);
    expect(ours.internet.refusedHosts).toEqual([]);
  });
});
