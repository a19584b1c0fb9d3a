import { beforeAll, describe, expect, it } from 'vitest';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { NewObject } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import { createGitLab } from '../harness/peers/gitlab/gitlab.ts';
import { clientCredentials, useSuite } from './suite.ts';

/** Git hosts of somebody's own. The first two hang. */
const gitlabs = Array.from({ length: 20 }, (_, number) =>
  createGitLab({ url: `https://git-${number}.example.com` }),
);
const tarPits = gitlabs.slice(0, 2);
const others = gitlabs.slice(2);
/** More than all workers together, each with a credential of its own. */
const perTarPit = 8;

const suite = useSuite({ peers: gitlabs });
let namespace: string;

beforeAll(async () => {
  const { cluster, world } = suite;
  namespace = await suite.team();
  await cluster.create(kinds.connection, {
    metadata: { name: 'fast', namespace },
    spec: {
      url: world.codemie.url,
      auth: clientCredentials(world, 'login'),
      providerHosts: ['git-*.example.com', 'api.github.com', 'github.com'],
      limits: { concurrency: 16, requestsPerSecond: 1000 },
    },
  });
});

const integration = (name: string, spec: Record<string, unknown>): NewObject => ({
  metadata: { name, namespace },
  spec: { connectionRef: { kind: 'CodeMieConnection', name: 'fast' }, project: 'demo', ...spec },
});

/** Makes an integration with a token of its own at a GitLab. */
async function addTo(gitlab: (typeof gitlabs)[number], name: string): Promise<void> {
  const token = suite.secret('glpat-');
  gitlab.addToken({ token });
  await suite.cluster.createSecret(`${namespace}/${name}`, { token });
  const auth = { token: { secretRef: { name } } };
  const url = `https://${gitlab.name}`;
  await suite.cluster.create(kinds.integration, integration(name, { provider: 'GitLab', url, auth }));
}

describe('of many Git hosts two hang', () => {
  const stuck = tarPits.flatMap((gitlab, host) =>
    Array.from({ length: perTarPit }, (_, number) => ({ gitlab, name: `stuck-${host}-${number}` })),
  );

  it('and the integrations of the others become Ready all the same', async () => {
    for (const gitlab of tarPits) gitlab.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    for (const { gitlab, name } of stuck) await addTo(gitlab, name);
    for (const [number, gitlab] of others.entries()) await addTo(gitlab, `quick-${number}`);
    await Promise.all(
      others.map((_, number) =>
        suite.cluster.waitForConditions(`${namespace}/quick-${number}`, { Ready: 'True' }),
      ),
    );
    for (const { name } of stuck) {
      const seen = await suite.cluster.waitForConditions(`${namespace}/${name}`, {
        Ready: 'Unknown/ProviderUnreachable',
        CredentialsValid: 'Unknown/ProviderUnreachable',
        Reconciling: 'True',
      });
      expect(seen.condition('Ready').message).toMatch(/^git-\d\.example\.com (has|did) not answer/);
    }
  });

  it('and their own follow when they answer again', async () => {
    for (const gitlab of tarPits) {
      gitlab.clearFaults();
      // What is under way is cut, and sent once more by itself.
      suite.world.internet.setFault(gitlab.name, undefined);
    }
    const seen = await Promise.all(
      stuck.map(({ name }) => suite.cluster.waitForConditions(`${namespace}/${name}`, { Ready: 'True' })),
    );
    expect(seen.every(({ conditions }) => !conditions.some(({ type }) => type === 'Reconciling'))).toBe(true);
  });
});

it('200 integrations that share a token cost one call', async () => {
  const { cluster, world } = suite;
  const token = suite.secret('ghp_');
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${namespace}/shared`, { token });
  const auth = { token: { secretRef: { name: 'shared' } } };
  const names = Array.from({ length: 200 }, (_, number) => `shared-${number}`);
  await Promise.all(
    names.map((name) => cluster.create(kinds.integration, integration(name, { provider: 'GitHub', auth }))),
  );
  await cluster.waitFor('all to be Ready', async () => {
    const objects = await cluster.list(kinds.integration, namespace);
    const shared = objects.filter(({ metadata }) => metadata.name.startsWith('shared-'));
    return shared.length === names.length && shared.every(isReady);
  });
  expect(world.github.requests.map(({ path }) => path)).toEqual(['/user']);
  expect(await suite.operator.metrics()).toMatch(
    /^codemie_provider_rate_limit_remaining\{host="github\.com",credential="[0-9a-f]{8}"\} 4999$/m,
  );
});

function isReady(object: KubeObject): boolean {
  const { conditions = [] } = parseGitIntegrationStatus(object['status']);
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
