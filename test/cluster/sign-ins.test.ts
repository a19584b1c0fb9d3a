import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, rowsOf } from './objects.ts';
import { useSuite } from './suite.ts';

/** So many objects that a sign-in for each would use up every limit. */
const count = 200;

/** Does something for each of many, a few at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
    }),
  );
}

describe('an outage of CodeMie under many integrations that share a local login', () => {
  const suite = useSuite();
  const loginPath = '/code-assistant-api/v1/local-auth/login';
  const requestsTo = (method: string, path: string) =>
    suite.world.codemie.requests.filter(
      (request) => request.method === method && request.path.startsWith(path),
    );

  it('costs fewer sign-ins than CodeMie allows, and a rotation is written afterwards', async () => {
    const { cluster, world } = suite;
    const namespace = await cluster.createNamespace('local-login');
    const password = suite.secret('local');
    const email = `local-${randomUUID()}@example.com`;
    world.codemie.addUser({ username: 'local', email, password, projectAdminOf: ['demo'] });
    await cluster.createSecret(`${namespace}/login`, { email, password });
    const login = { emailSecretRef: { name: 'login' }, passwordSecretRef: { name: 'login' } };
    await cluster.create(kinds.connection, {
      metadata: { name: 'own', namespace },
      spec: {
        url: world.codemie.url,
        auth: { localLogin: login },
        limits: { concurrency: 16, requestsPerSecond: 1000 },
      },
    });
    const token = suite.secret('ghp_');
    world.github.addToken({ token, login: 'octocat' });
    await cluster.createSecret(`${namespace}/token`, { token });
    const keys = Array.from({ length: count }, (_, index) => `${namespace}/n${index}`);
    await forEach(keys, (key) => cluster.create(kinds.integration, gitHubIntegration(key)));
    await forEach(keys, (key) => cluster.waitForConditions(key, { Ready: 'True/Ready' }));
    expect(requestsTo('POST', loginPath)).toHaveLength(1);

    onTestFinished(() => world.codemie.setDatabase('up'));
    world.codemie.setDatabase('down');
    const rotated = suite.secret('ghp_');
    world.github.addToken({ token: rotated, login: 'octocat' });
    // Every integration wants to write the new token, and CodeMie answers 401 to all of them.
    await cluster.setSecret(`${namespace}/token`, 'token', rotated);
    await forEach(keys, (key) => cluster.waitForConditions(key, { Reconciling: 'True' }));
    expect(requestsTo('POST', loginPath).length).toBeLessThanOrEqual(4);

    world.codemie.setDatabase('up');
    await cluster.waitFor('the new token in every row', async () =>
      keys.every((key) =>
        rowsOf(world, key).every(({ credential_values: values }) =>
          values.some(({ key: name, value }) => name === 'token' && value === rotated),
        ),
      ),
    );
    expect(requestsTo('POST', loginPath).length).toBeLessThanOrEqual(4);
  });
});
