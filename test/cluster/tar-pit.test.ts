import { beforeAll, describe, expect, it } from 'vitest';
import type { NewObject } from '../../src/kube/client.ts';
import { kinds } from '../harness/cluster.ts';
import { stretched } from '../harness/pace.ts';
import { createGitLab } from '../harness/peers/gitlab/gitlab.ts';
import { clientCredentials, useSuite } from './suite.ts';

/** Self-managed Git hosts. The first one hangs. */
const gitlabs = Array.from({ length: 200 }, (_, number) =>
  createGitLab({ url: `https://git-${number}.example.com` }),
);
const [tarPit = createGitLab(), ...others] = gitlabs;
/** More than all workers together, each with its own credential. */
const stuck = Array.from({ length: 8 }, (_, number) => `stuck-${number}`);

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

/** Creates an integration with the token of a Secret at a GitLab. */
async function addTo({ name: host }: (typeof gitlabs)[number], name: string, secret: string): Promise<void> {
  const auth = { token: { secretRef: { name: secret } } };
  const url = `https://${host}`;
  await suite.cluster.create(kinds.integration, integration(name, { provider: 'GitLab', url, auth }));
}

/** Waits until all of these integrations are Ready. */
async function allReady(names: readonly string[]): Promise<void> {
  for (const name of names) await suite.cluster.waitForConditions(`${namespace}/${name}`, { Ready: 'True' });
}

/** How long it takes until 200 integrations are Ready where nothing hangs. */
let calmMs: number;

it('200 integrations that share a token cost one call', async () => {
  const { cluster, world } = suite;
  const token = suite.secret('ghp_');
  world.github.addToken({ token, login: 'octocat' });
  await cluster.createSecret(`${namespace}/shared`, { token });
  const auth = { token: { secretRef: { name: 'shared' } } };
  const names = Array.from({ length: 200 }, (_, number) => `shared-${number}`);
  const beganMs = performance.now();
  await Promise.all(
    names.map((name) => cluster.create(kinds.integration, integration(name, { provider: 'GitHub', auth }))),
  );
  await allReady(names);
  calmMs = performance.now() - beganMs;
  expect(world.github.requests.map(({ path }) => path)).toEqual(['/user']);
  expect(await suite.operator.metrics()).toMatch(
    /^codemie_provider_rate_limit_remaining\{host="github\.com",credential="[0-9a-f]{8}"\} 4999$/m,
  );
});

describe('of 200 Git hosts one hangs', () => {
  it('and the integrations of the others become Ready as fast as ever', async () => {
    const { cluster } = suite;
    tarPit.failNext({ hang: true, times: Number.POSITIVE_INFINITY });
    const token = suite.secret('glpat-');
    for (const gitlab of others) gitlab.addToken({ token });
    await cluster.createSecret(`${namespace}/quick`, { token });
    for (const name of stuck) {
      const own = suite.secret('glpat-');
      tarPit.addToken({ token: own });
      await cluster.createSecret(`${namespace}/${name}`, { token: own });
      await addTo(tarPit, name, name);
    }
    await cluster.waitFor('the host to be asked', async () => tarPit.requests.length > 0);

    const beganMs = performance.now();
    const names = others.map((_, number) => `quick-${number}`);
    await Promise.all(others.map((gitlab, number) => addTo(gitlab, names[number] ?? '', 'quick')));
    await allReady(names);
    // Each asks its own host, and a worker is patient with the one that hangs for five seconds, once. Were all of them
    // held up for the whole time of a call, it would take half a minute more.
    expect(performance.now() - beganMs).toBeLessThan(3 * calmMs + stretched(5_000));
    for (const name of stuck) {
      const seen = await cluster.waitForConditions(`${namespace}/${name}`, {
        Ready: 'Unknown/ProviderUnreachable',
        CredentialsValid: 'Unknown/ProviderUnreachable',
        Reconciling: 'True',
      });
      expect(seen.condition('Ready').message).toMatch(
        /^git-0\.example\.com ((has|did) not (answer|respond)|failed to respond)/,
      );
    }
  });

  it('and its own follow when it answers again', async () => {
    tarPit.clearFaults();
    // What is under way is cut, and sent once more automatically.
    suite.world.internet.setFault(tarPit.name, undefined);
    const seen = await Promise.all(
      stuck.map((name) => suite.cluster.waitForConditions(`${namespace}/${name}`, { Ready: 'True' })),
    );
    expect(seen.every(({ conditions }) => !conditions.some(({ type }) => type === 'Reconciling'))).toBe(true);
  });
});
