import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAzureDevOps } from '../../test/harness/peers/azure-devops/azure-devops.ts';
import { createBitbucketCloud } from '../../test/harness/peers/bitbucket/cloud/bitbucket-cloud.ts';
import { createClock } from '../../test/harness/peers/git-hosts/clock.ts';
import type { Fault } from '../../test/harness/peers/git-hosts/faults.ts';
import { createGitHost } from '../../test/harness/peers/git-hosts/git-host.ts';
import { createGitHub } from '../../test/harness/peers/github/github.ts';
import { createGitLab } from '../../test/harness/peers/gitlab/gitlab.ts';
import type { ProviderName, Target } from './provider.ts';
import { providers } from './registry.ts';
import { failureOf, openWorld, type World } from './testing/world.ts';

/*
 * Traps of the clients' libraries that were seen to snap with these versions: @octokit/rest 22.0.1,
 * @octokit/auth-app 8.3.1, @gitbeaker/rest 43.8.0. Each test fails if the library's own way is taken.
 */

const github = createGitHub();
const gitlab = createGitLab();
const bitbucket = createBitbucketCloud();
const azureDevOps = createAzureDevOps();
azureDevOps.addOrganization('acme');
const elsewhere = createGitHost({
  name: 'elsewhere',
  hosts: ['elsewhere.example.net', 'gitlab.com:8443'],
  clock: createClock(),
  answer: () => ({ status: 200, body: { id: 1, login: 'somebody', username: 'somebody' } }),
});

const hosts = {
  GitHub: { peer: github, url: 'https://github.com' },
  GitLab: { peer: gitlab, url: 'https://gitlab.com' },
  Bitbucket: { peer: bitbucket, url: 'https://bitbucket.org' },
  AzureDevOps: { peer: azureDevOps, url: 'https://dev.azure.com/acme' },
};
const names = ['GitHub', 'GitLab', 'Bitbucket', 'AzureDevOps'] as const satisfies ProviderName[];
const token = 'token-canary-0123456789';

let world: World;
beforeAll(async () => {
  world = await openWorld([github, gitlab, bitbucket, azureDevOps, elsewhere]);
});
beforeEach(() => {
  github.addToken({ token, login: 'octocat' });
  gitlab.addToken({ token });
  azureDevOps.addToken({ token });
  bitbucket.addToken({ token, kind: 'workspace_access_token', resource: 'acme' });
});
afterEach(() => {
  for (const { peer } of Object.values(hosts)) {
    peer.clearFaults();
    peer.requests.length = 0;
  }
});
afterAll(() => world.close());

const validate = (name: (typeof names)[number], secret = token, change?: Partial<Target>) =>
  providers[name].validate(
    { kind: 'token', token: secret },
    world.target(providers[name], hosts[name].url, change),
  );

/** Every answer of a host from now on. */
const always = (name: (typeof names)[number], fault: Fault): void =>
  hosts[name].peer.failNext({ ...fault, times: Number.POSITIVE_INFINITY });

describe('auth-app merges simultaneous mints of one installation id, whatever their App and host', () => {
  // https://github.com/octokit/auth-app.js/pull/689
  const newKey = (): string =>
    generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs1', format: 'pem' })
      .toString();
  const ours = { kind: 'githubApp', appId: '12', privateKey: newKey() } as const;
  const theirs = { kind: 'githubApp', appId: '34', privateKey: newKey() } as const;
  const installation = 7;

  it('so nothing is minted, and each App is answered by its own server', async () => {
    const cloud = createGitHub();
    const server = createGitHub({ host: 'git.example.com', enterpriseServer: { version: '3.19.1' } });
    cloud.addApp({ id: 12, privateKey: ours.privateKey, slug: 'ours' });
    server.addApp({ id: 34, privateKey: theirs.privateKey, slug: 'theirs' });
    cloud.addInstallation({ appId: 12, account: 'acme', id: installation });
    server.addInstallation({ appId: 34, account: 'umbrella', id: installation });
    // So that the calls of both overlap for certain.
    for (const peer of [cloud, server]) peer.failNext({ delayMs: 50, times: Number.POSITIVE_INFINITY });
    const both = await openWorld([cloud, server]);

    const provider = providers.GitHub;
    const prove = async (credential: typeof ours | typeof theirs, url: string) => {
      const report = await provider.validate(credential, both.target(provider, url));
      const selector = { by: 'id', id: installation } as const;
      const found = await provider.resolveInstallation?.(
        credential,
        selector,
        both.target(provider, url),
        report,
      );
      return [report.account, found?.account];
    };
    const found = await Promise.all([
      prove(ours, 'https://github.com'),
      prove(theirs, 'https://git.example.com'),
    ]);
    await both.close();

    expect(found).toEqual([
      ['ours[bot]', 'acme'],
      ['theirs[bot]', 'umbrella'],
    ]);
    expect(
      both.internet.requests.map(({ method, host, path }) => `${method} ${host}${path}`).toSorted(),
    ).toEqual([
      'GET api.github.com/app',
      'GET api.github.com/app/installations/7',
      'GET git.example.com/api/v3/app',
      'GET git.example.com/api/v3/app/installations/7',
    ]);
    const issuers = both.internet.requests.map((request) => [
      request.host,
      issuerOf(request.header('authorization')),
    ]);
    expect(new Set(issuers.map(String))).toEqual(new Set(['api.github.com,12', 'git.example.com,34']));
  });
});

/** The App that a request's JWT names. */
function issuerOf(authorization: string | undefined): unknown {
  const claims = authorization?.split(' ')[1]?.split('.')[1] ?? '';
  const { iss }: { iss?: unknown } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return iss;
}

describe('gitbeaker hands the token to the target of a redirect', () => {
  const targets = ['https://elsewhere.example.net/api', 'https://gitlab.com:8443/api'];
  const cases = names.flatMap((name) =>
    [301, 302, 303, 307, 308].flatMap((status) => targets.map((location) => ({ name, status, location }))),
  );

  it.each(cases)('so $name does not follow $status to $location', async ({ name, status, location }) => {
    always(name, { status, headers: { location } });
    expect(await failureOf(validate(name))).toMatchObject({ reason: 'ProviderError', disposition: 'retry' });
    expect(elsewhere.requests).toEqual([]);
    expect(world.internet.refusedHosts).toEqual([]);
  });
});

describe('gitbeaker keeps the token in printed errors, and Octokit prints on the console', () => {
  const faults: { failure: string; fault: Fault }[] = [
    { failure: 'a refusal', fault: { status: 401, body: { message: '401 Unauthorized' } } },
    { failure: 'a server error', fault: { status: 500, body: { message: 'x' } } },
    { failure: 'a web page', fault: { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' } },
    { failure: 'a redirect', fault: { status: 302, headers: { location: 'https://elsewhere.example.net' } } },
    { failure: 'a broken connection', fault: { reset: true } },
  ];
  const cases = names.flatMap((name) => faults.map((fault) => ({ name, ...fault })));

  it.each(cases)('so the error of $name after $failure has no token in it', async ({ name, fault }) => {
    const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
      vi.spyOn(console, method),
    );
    always(name, fault);
    const error = await failureOf(validate(name));
    const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    expect(shown).not.toContain(token);
    expect(shown).not.toContain(Buffer.from(`:${token}`).toString('base64').slice(4, -4));
    for (const method of printed) {
      expect(method).not.toHaveBeenCalled();
      method.mockRestore();
    }
  });
});

describe('gitbeaker repeats a throttled call ten times at once, and Octokit waits and repeats', () => {
  const cases = names.flatMap((name) => [
    { name, status: 429, reason: 'RateLimited' },
    { name, status: 502, reason: 'ProviderError' },
    { name, status: 503, reason: 'ProviderError' },
  ]);

  it.each(cases)('so $name asks once when the answer is $status', async ({ name, status, reason }) => {
    always(name, { status, headers: { 'retry-after': '1800' }, body: { message: 'x' } });
    const beforeMs = Date.now();
    const error = await failureOf(validate(name));
    expect(error.reason).toBe(reason);
    expect(hosts[name].peer.requests).toHaveLength(1);
    // Half an hour from now by Retry-After: a RateLimited alone carries a time.
    const earliest = reason === 'RateLimited' ? beforeMs + 1_800_000 : 0;
    expect(error.retryAtMs ?? 0).toBeGreaterThanOrEqual(earliest);
  });
});

describe('Octokit ignores request.timeout, and gitbeaker waits five minutes', () => {
  it.each(names)('so %s is bounded by the client that it is given', async (name) => {
    always(name, { hang: true });
    const error = await failureOf(validate(name, token, { http: world.client(300) }));
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(token);
    expect(error).toMatchObject({ reason: 'ProviderUnreachable', disposition: 'retry' });
    expect(error.message).toContain('did not answer in time');
  });
});

describe('Octokit does not redact a token that ends in a newline, and fetch quotes a bad header', () => {
  const spoilt = [`${token}\n`, `${token}\nsecond: line`, `\u0000${token}`, `${token}ä€`];
  const cases = names.flatMap((name) => spoilt.map((secret) => ({ name, secret })));

  // What comes from a Secret is trimmed and checked before; this is the second line.
  it.each(cases)('so $name shows nothing of $secret', async ({ name, secret }) => {
    always(name, { status: 401, body: { message: 'Bad credentials' } });
    const outcome = await validate(name, secret).catch((error: unknown) => error);
    expect(inspect(outcome, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(token);
  });
});
