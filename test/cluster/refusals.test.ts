import { beforeAll, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, reconciled, waitForConnection } from './objects.ts';
import { ready, stalled } from './outcome.ts';
import { useSuite } from './suite.ts';

/*
 * How a refusal becomes a verdict, with the real delays: 5, 15 and 60 seconds. What happens in between is tested with a
 * separate clock in src/controllers.
 */

const suite = useSuite({ running: false });
let namespace: string;
beforeAll(async () => {
  const env: Record<string, string> = { ...suite.world.operatorEnv };
  // As it comes.
  delete env['CODEMIE_OPERATOR_REFUSAL_WINDOW'];
  suite.operator = await suite.start({ env });
  namespace = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
});

const rechecking = {
  Ready: 'Unknown/Rechecking',
  Reconciling: 'True/Rechecking',
  CredentialsValid: 'Unknown/Rechecking',
  Stalled: '',
};

const seconds = (count: number): number => count * 1000;

it(
  'of one server that does not know a new token yet, or has a bad minute, is never one',
  async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/odd`;
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    const odd = { match: /GET api\.github\.com\/user/, status: 401, body: { message: 'Bad credentials' } };

    // Two of its servers do not know it yet.
    world.github.failNext({ ...odd, times: 2 });
    await cluster.createSecret(key, { token });
    const auth = { token: { secretRef: { name: 'odd' } } };
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
    const doubted = await cluster.waitForConditions(key, rechecking);
    expect(doubted.condition('Ready').message).toMatch(
      /^github\.com rejected the token in Secret "odd" \(key "token"\); the operator rechecks for up to 90 seconds before this is final\. .*create a new token at /,
    );
    await cluster.waitForConditions(key, ready, seconds(60));
    const calls = world.github.requests.filter(({ path }) => path === '/user');
    expect(calls).toHaveLength(3);

    // Later one has a bad minute. No one is paged, and it stays Ready.
    world.github.failNext({ ...odd, times: 1 });
    await reconciled(cluster, key, {
      Ready: 'True/Ready',
      Reconciling: 'True/Rechecking',
      CredentialsValid: 'Unknown/Rechecking',
      Stalled: '',
    });
    await cluster.waitForConditions(key, { ...ready, CredentialsValid: 'True/Valid' });
  },
  seconds(150),
);

it(
  'that stays is one after 80 seconds and four calls',
  async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/bad`;
    const token = suite.secret('ghp_');
    await cluster.createSecret(key, { token });
    const auth = { token: { secretRef: { name: 'bad' } } };
    const before = world.github.requests.length;
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth }));
    await cluster.waitForConditions(key, rechecking);
    await cluster.waitForConditions(key, stalled('Unauthorized'), seconds(110));
    expect(world.github.requests.slice(before).map(({ path }) => path)).toEqual(Array(4).fill('/user'));
  },
  seconds(180),
);
