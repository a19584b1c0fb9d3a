import { beforeAll, expect, it } from 'vitest';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { kinds } from '../harness/cluster.ts';
import { createCodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import { gitHubIntegration, listNothingWith, rowsCalled, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

/*
 * An integration is created through one connection and sent on to another one, where it can't be registered, before its
 * status says where it was made. What was made there is known to this process alone, and has to go.
 */
const elsewhere = createCodeMiePeer({ host: 'codemie-2.example.com' });
const suite = useSuite({ peers: [elsewhere] });
/** Good for the operator at both servers. */
let token: string;

beforeAll(() => {
  const { codemie, login } = suite.world;
  token = suite.secret('login');
  codemie.addToken(token, login);
  elsewhere.addProject('demo');
  elsewhere.addToken(token, elsewhere.addUser({ username: 'operator', projectAdminOf: ['demo'] }));
});

const rowsElsewhere = (key: string) => rowsCalled(elsewhere, key);
const through = (name: string) => ({ kind: 'CodeMieConnection', name });

/** Creates a connection whose token is in the Secret of its name. */
async function connect(key: string, url: string): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  await suite.cluster.createSecret(key, { token });
  await suite.cluster.create(kinds.connection, {
    metadata: { name, namespace },
    spec: { url, auth: { token: { secretRef: { name } } } },
  });
}

it.each<{
  name: string;
  reason: string;
  prepare: (namespace: string, key: string) => Promise<unknown>;
  /** What the deletion needs. */
  repair?: (namespace: string) => Promise<unknown>;
}>([
  {
    name: 'where the alias is taken',
    reason: 'AliasConflict',
    prepare: async (_namespace, key) => {
      const user = suite.world.codemie.addUser({ username: 'person', projectAdminOf: ['demo'] });
      suite.world.codemie.seed({ project: 'demo', alias: key, values: { url: 'x' }, user });
    },
  },
  {
    name: 'where its project is not allowed',
    reason: 'ProjectNotAllowed',
    prepare: (namespace) =>
      suite.cluster.patch(kinds.connection, `${namespace}/next`, [
        { op: 'add', path: '/spec/projects', value: { allowed: ['second'] } },
      ]),
  },
  {
    name: 'whose login is refused',
    reason: 'ConnectionNotReady',
    prepare: (namespace) => suite.cluster.setSecret(`${namespace}/next`, 'token', 'refused'),
    repair: (namespace) => suite.cluster.setSecret(`${namespace}/next`, 'token', token),
  },
  {
    name: 'with a token that is missing',
    reason: 'SecretNotFound',
    prepare: (namespace) => suite.cluster.delete(kinds.secret, `${namespace}/token`),
  },
])('to one $name leaves nothing behind', async ({ reason, prepare, repair }) => {
  const { cluster, world } = suite;
  const namespace = await cluster.createNamespace('team');
  const key = `${namespace}/acme`;
  await storeGitHubToken(suite, `${namespace}/token`);
  await connect(`${namespace}/first`, elsewhere.url);
  await connect(`${namespace}/next`, world.codemie.url);
  listNothingWith(elsewhere, key);
  await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef: through('first') }));
  await cluster.waitFor('a row there', () => Promise.resolve(rowsElsewhere(key).length === 1));
  await prepare(namespace, key);
  await cluster.patch(kinds.integration, key, [
    { op: 'add', path: '/spec/connectionRef', value: through('next') },
  ]);
  await cluster.waitFor('a refusal', async () => {
    const object = await cluster.get(kinds.integration, key);
    const { conditions = [] } = parseGitIntegrationStatus(object?.['status']);
    return conditions.some((condition) => condition.type === 'Ready' && condition.reason === reason);
  });
  elsewhere.faults.decide(undefined);
  await cluster.waitFor('nothing to be left', () => Promise.resolve(rowsElsewhere(key).length === 0));
  await repair?.(namespace);
  await cluster.delete(kinds.integration, key);
  await cluster.waitForGone(kinds.integration, key);
  expect(rowsElsewhere(key)).toEqual([]);
});
