import { beforeAll, describe, expect, it } from 'vitest';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { kinds } from '../harness/cluster.ts';
import type { World } from '../harness/world.ts';
import { gitHubIntegration, reconciled, storeGitHubToken, waitForConnection } from './objects.ts';
import { expectOutcome, ready, stalled } from './outcome.ts';
import { useSuite } from './suite.ts';
import { bitbucketTokens, gitHubTokens, gitLabTokens } from './token-cases.ts';
import { heldByCodeMie, listen } from './traffic.ts';

const suite = useSuite();
let namespace: string;
let made = 0;

beforeAll(async () => {
  namespace = await readyTeam();
});

async function readyTeam(): Promise<string> {
  const name = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${name}/own`, { Ready: 'True/Ready' });
  return name;
}

describe.each([
  ['GitHub', gitHubTokens],
  ['GitLab', gitLabTokens],
  ['Bitbucket', bitbucketTokens],
])('a token of %s', (_, cases) => {
  beforeAll(() => {
    const { github } = suite.world;
    for (const fullName of ['octocat/shop', 'acme/vault']) github.addRepository({ fullName });
    github.addOrganization('sso', { samlEnforced: true });
    github.addRepository({ fullName: 'sso/shop', collaborators: { octocat: 'push' } });
  });

  it.each(Object.entries(cases))('%s', async (_name, given) => {
    const { world } = suite;
    const key = `${namespace}/token-${++made}`;
    const token = suite.secret(given.prefix ?? 'ghp_');
    given.know?.(world, token);
    const auth = (name: string) => ({ token: { secretRef: { name }, ...given.auth } });
    const { status } = await expectOutcome(suite, key, { secret: { token }, auth }, given);
    expect(status.credential ?? {}).toMatchObject(given.credential ?? {});
    if (!status.registration) return;
    expect(heldByCodeMie(world, key).values).toEqual({
      url: 'https://github.com',
      name: 'oauth2',
      ...given.held,
      auth_type: 'pat',
      token,
      managed_by: `codemie-git-operator/${suite.system}/${key}`,
    });
  });
});

interface Trouble {
  /** Whether an integration that was never Ready requires action for it. */
  needsPerson?: boolean;
  provider: 'GitHub' | 'GitLab' | 'Bitbucket';
  reason: string;
  begin: (world: World) => void;
  end: (world: World) => void;
}

const always = Number.POSITIVE_INFINITY;

const troubles: [string, Trouble][] = [
  [
    'refuses connections',
    {
      provider: 'GitHub',
      reason: 'ProviderUnreachable',
      begin: ({ internet }) => internet.setFault('api.github.com', { kind: 'refuse' }),
      end: ({ internet }) => internet.setFault('api.github.com', undefined),
    },
  ],
  [
    'shows the certificate of a stranger',
    {
      provider: 'GitLab',
      reason: 'TLSUntrusted',
      needsPerson: true,
      begin: ({ internet }) =>
        internet.setFault('gitlab.com', { kind: 'certificate', problem: 'unknownAuthority' }),
      end: ({ internet }) => internet.setFault('gitlab.com', undefined),
    },
  ],
  [
    'answers with errors of its own',
    {
      provider: 'Bitbucket',
      reason: 'ProviderError',
      begin: ({ bitbucket: cloud }) => cloud.failNext({ times: always, status: 502 }),
      end: ({ bitbucket: cloud }) => cloud.clearFaults(),
    },
  ],
];

describe('a provider that', () => {
  // Each has its own host, and each costs some seconds until the next try.
  it.concurrent.each(troubles)('%s is waited for', async (_, trouble) => {
    const { cluster, world } = suite;
    const name = `waiting-${++made}`;
    const key = `${namespace}/${name}`;
    const token = suite.secret('token-');
    world.github.addToken({ token, login: 'octocat' });
    world.gitlab.addToken({ token });
    world.bitbucket.addToken({
      token,
      kind: 'workspace_access_token',
      scopes: ['repository:write', 'project'],
    });
    await cluster.createSecret(key, { token });
    trouble.begin(world);
    const { provider, reason, needsPerson } = trouble;
    const auth = { token: { secretRef: { name } } };
    await cluster.create(kinds.integration, gitHubIntegration(key, { provider, auth }));
    const told = needsPerson ? `False/${reason}` : `Unknown/${reason}`;
    const seen = await cluster.waitForConditions(key, {
      Ready: told,
      Reconciling: needsPerson ? '' : `True/${reason}`,
      CredentialsValid: told,
      Stalled: needsPerson ? `True/${reason}` : '',
      Registered: '',
    });
    // Ports, times and numbers would make another message of every try.
    expect(seen.condition('Ready').message).not.toMatch(/[0-9]/);
    trouble.end(world);
    await cluster.waitForConditions(key, ready);

    // What was Ready stays so for a while, and no person is called.
    trouble.begin(world);
    await reconciled(cluster, key, {
      Ready: 'True/Ready',
      Reconciling: `True/${reason}`,
      CredentialsValid: `Unknown/${reason}`,
      Stalled: '',
    });
    trouble.end(world);
    await cluster.waitForConditions(key, ready);
  });

  it('asks for fewer calls leaves an integration Ready that was so before', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/limited`;
    await storeGitHubToken(suite, key);
    const auth = { token: { secretRef: { name: 'limited' } } };
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
    await cluster.waitForConditions(key, ready);
    world.github.failNext({ status: 429, headers: { 'retry-after': '1' } });
    const limited = await reconciled(cluster, key, {
      Ready: 'True/Ready',
      Reconciling: 'True/RateLimited',
      CredentialsValid: 'Unknown/RateLimited',
      Registered: 'True/Registered',
    });
    expect(limited.is('Stalled', '')).toBe(true);
    await cluster.waitForConditions(key, { ...ready, CredentialsValid: 'True/Valid' });
  });
});

describe('whatever a provider writes', () => {
  const urls = {
    GitHub: undefined,
    GitLab: undefined,
    Bitbucket: undefined,
    AzureDevOps: 'https://dev.azure.com/acme',
  };

  it('is in no condition, event, metric and line of the log', async () => {
    const { cluster, world } = suite;
    const peers = [world.github, world.gitlab, world.bitbucket, world.azureDevOps];
    // Searched for everywhere at the end, as secrets are.
    const text = suite.secret('body-');
    const asObject = { message: text, error: { message: text, detail: text }, error_description: text };
    const answers = [
      ...[200, 400, 401, 403, 404, 410, 422, 429, 500, 503].map((status) => ({ status, body: asObject })),
      { status: 401, body: { error: 'invalid_token', error_description: text } },
      {
        status: 403,
        body: text,
        headers: { 'content-type': 'text/html', 'x-github-sso': `required; url=${text}` },
      },
      { status: 302, headers: { location: `https://${text}.example.com/${text}` } },
      { status: 200, body: text, headers: { 'content-type': 'application/json', etag: `"${text}"` } },
    ];
    for (const peer of peers) for (const answer of answers) peer.failNext(answer);

    await cluster.createSecret(`${namespace}/any`, { token: suite.secret('any-') });
    const keys = Object.entries(urls).flatMap(([provider, url]) =>
      answers.map((_, number) => ({
        provider,
        url,
        key: `${namespace}/told-${provider.toLowerCase()}-${number}`,
      })),
    );
    await Promise.all(
      keys.map(({ provider, url, key }, number) => {
        // Each asks for itself: what is asked alike is asked once.
        const auth = { token: { secretRef: { name: 'any' }, username: `user-${number}` } };
        const spec = { provider, auth, ...(url !== undefined && { url }) };
        return cluster.create(kinds.integration, gitHubIntegration(key, spec));
      }),
    );
    for (const { key } of keys) {
      const seen = await cluster.waitFor(`${key} to be told`, async () => {
        const { conditions = [] } = parseGitIntegrationStatus(
          (await cluster.get(kinds.integration, key))?.['status'],
        );
        return conditions.length > 0 && conditions;
      });
      expect(seen.find(({ type }) => type === 'Ready')?.status).not.toBe('True');
      expect(JSON.stringify(seen)).not.toContain(text);
    }
    for (const peer of peers) {
      expect(peer.requests.length).toBeGreaterThanOrEqual(answers.length);
      peer.clearFaults();
    }
    // They would go on to ask while others listen.
    await Promise.all(keys.map(({ key }) => cluster.delete(kinds.integration, key)));
    await Promise.all(keys.map(({ key }) => cluster.waitForGone(kinds.integration, key)));
  });
});

describe('a host', () => {
  it('that the connection does not allow is never called, until it does', async () => {
    const { cluster, world } = suite;
    const own = await readyTeam();
    const token = suite.secret('glpat-');
    const key = `${own}/elsewhere`;
    const auth = (name: string) => ({ token: { secretRef: { name } } });
    await expectOutcome(
      suite,
      key,
      { secret: { token }, auth },
      {
        spec: { provider: 'GitLab', url: 'https://gitlab.example.com' },
        conditions: { ...stalled('HostNotAllowed'), CredentialsValid: 'False/HostNotAllowed' },
        calls: [],
      },
    );
    const heard = listen(world);
    await cluster.patch(kinds.connection, `${own}/own`, [
      { op: 'add', path: '/spec/providerHosts', value: ['*.example.com'] },
    ]);
    // This Internet has no such host; what matters is the attempt.
    await cluster.waitForConditions(key, { Ready: 'Unknown/ProviderUnreachable', Stalled: '' });
    expect(heard()).toContain('CONNECT gitlab.example.com');
    await cluster.delete(kinds.integration, key);
  });

  it('of another provider is never called', async () => {
    const auth = (name: string) => ({ token: { secretRef: { name } } });
    const seen = await expectOutcome(
      suite,
      `${namespace}/mistaken`,
      { secret: { token: suite.secret('ghp_') }, auth },
      {
        spec: { provider: 'GitLab', url: 'https://github.com' },
        conditions: stalled('WrongProvider'),
        calls: [],
      },
    );
    expect(seen.condition('Ready').message).toContain('github.com is GitHub');
  });
});

describe('one token in a hundred integrations', () => {
  it('costs one call to the provider, and CodeMie one create each', async () => {
    const { cluster, world } = suite;
    const own = await readyTeam();
    await storeGitHubToken(suite, `${own}/token`);
    await cluster.patch(kinds.connection, `${own}/own`, [
      { op: 'add', path: '/spec/limits', value: { concurrency: 16, requestsPerSecond: 1000 } },
    ]);
    await waitForConnection(cluster, kinds.connection, `${own}/own`, { Ready: 'True/Ready' });
    const heard = listen(world);
    const keys = Array.from({ length: 100 }, (_, index) => `${own}/shared-${index}`);
    await Promise.all(keys.map((key) => cluster.create(kinds.integration, gitHubIntegration(key))));
    await cluster.waitFor('all to be Ready', async () => {
      const seen = await cluster.list(kinds.integration, own);
      return seen.every(({ status }) => JSON.stringify(status ?? {}).includes('"reason":"Ready"'));
    });
    const count = Object.groupBy(heard(), (call) => call);
    expect(Object.entries(count).map(([call, calls]) => [call, calls?.length])).toEqual([
      ['GET api.github.com/user', 1],
      ['POST codemie.example.com/code-assistant-api/v1/settings/project', 100],
    ]);
  });
});
