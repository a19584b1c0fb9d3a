import { expect, it } from 'vitest';
import type { Registration } from '../../src/api/v1alpha1/git-integration-status.ts';
import { kinds } from '../harness/cluster.ts';
import {
  gitHubIntegration,
  listNothingWith,
  rowsCalled,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * An integration is written, and before a listing of CodeMie shows that, something ends its next reconciles early. What
 * CodeMie has is recorded all the same: the name that a row gave up is free for others, and the one that it has is not.
 */

const suite = useSuite();
const through = (name: string) => ({ kind: 'CodeMieConnection', name });

/** Makes a team with two connections to the same CodeMie, and the spec of an integration with its own Secret. */
async function prepare() {
  const { cluster, world } = suite;
  const namespace = await suite.team();
  const key = `${namespace}/acme`;
  const token = await storeGitHubToken(suite, key);
  await storeGitHubToken(suite, `${namespace}/token`);
  await cluster.create(kinds.connection, {
    metadata: { name: 'other', namespace },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
  });
  for (const name of ['own', 'other'])
    await waitForConnection(cluster, kinds.connection, `${namespace}/${name}`, { Ready: 'True/Ready' });
  return { namespace, key, token, spec: { auth: { token: { secretRef: { name: 'acme' } } } } };
}

type Team = Awaited<ReturnType<typeof prepare>>;

const set = (key: string, field: string, value: unknown, kind = kinds.integration) =>
  suite.cluster.patch(kind, key, [{ op: 'add', path: `/spec/${field}`, value }]);
const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
/** The registration in the status, once it fits. */
const recorded = (key: string, fits: (registration: Registration) => boolean) =>
  suite.cluster.waitFor('the record', async () => {
    const { registration } = (await see(key, {})).status;
    return registration && fits(registration) ? registration : undefined;
  });
/** Waits for a reason of `Ready`; one that is suspended keeps it for the generation before. */
const sees = (key: string, reason: string) =>
  suite.cluster.waitFor(reason, async () => {
    const { conditions } = await see(key, {});
    return conditions.some((condition) => condition.type === 'Ready' && condition.reason === reason);
  });
const allow = (connection: string, projects: string[]) =>
  set(connection, 'projects', { allowed: projects }, kinds.connection);

/** What ends the next reconciles of an integration before they come to its row. */
interface End {
  name: string;
  /** Of `Ready`, after such a reconcile. */
  reason: string;
  begin: (team: Team) => Promise<unknown>;
  repair: (team: Team) => Promise<unknown>;
}

const ends: End[] = [
  {
    name: 'its Secret is removed',
    reason: 'SecretNotFound',
    begin: ({ key }) => suite.cluster.delete(kinds.secret, key),
    repair: ({ key, token }) => suite.cluster.createSecret(key, { token }),
  },
  {
    name: 'its Secret gets a token that is refused',
    reason: 'Unauthorized',
    begin: ({ key }) => suite.cluster.setSecret(key, 'token', suite.secret('ghp_')),
    repair: ({ key, token }) => suite.cluster.setSecret(key, 'token', token),
  },
  {
    name: 'it is suspended',
    reason: 'Suspended',
    begin: ({ key }) => set(key, 'suspend', true),
    repair: ({ key }) => set(key, 'suspend', false),
  },
  {
    name: 'its connection does not allow the project any more',
    reason: 'ProjectNotAllowed',
    begin: ({ namespace }) => allow(`${namespace}/own`, ['second']),
    repair: ({ namespace }) => allow(`${namespace}/own`, ['demo']),
  },
  {
    name: 'it is sent on to a connection that does not exist',
    reason: 'ConnectionNotFound',
    begin: ({ key }) => set(key, 'connectionRef', through('missing')),
    repair: ({ key }) => set(key, 'connectionRef', through('own')),
  },
];

it.each(ends)('a rename is recorded although $name', async ({ reason, begin, repair }) => {
  const { cluster, world } = suite;
  const team = await prepare();
  const { namespace, key, spec } = team;
  const [before, after] = [`${key} before`, `${key} after`];
  await cluster.create(kinds.integration, gitHubIntegration(key, { ...spec, alias: before }));
  const { status } = await see(key, { Ready: 'True/Ready' });
  listNothingWith(world.codemie, after);
  await set(key, 'alias', after);
  await cluster.waitFor('the rename', async () => rowsCalled(world.codemie, after).length === 1);
  await begin(team);
  await sees(key, reason);
  world.codemie.faults.decide(undefined);

  const next = `${namespace}/next`;
  const free = gitHubIntegration(next, { alias: before, connectionRef: through('other') });
  await cluster.create(kinds.integration, free);
  await see(next, { Ready: 'True/Ready' });
  const renamed = await recorded(key, ({ alias }) => alias === after);
  expect(renamed.id).toBe(status.registration?.id);
  await repair(team);
  await see(key, { Ready: 'True/Ready', Drifted: '' });
  expect(rowsCalled(world.codemie, after).map(({ id }) => id)).toEqual([status.registration?.id]);
});

it.each(ends)('a create is recorded although $name', async ({ reason, begin, repair }) => {
  const { cluster, world } = suite;
  const team = await prepare();
  const { key, spec } = team;
  listNothingWith(world.codemie, key);
  await cluster.create(kinds.integration, gitHubIntegration(key, spec));
  const row = await cluster.waitFor('the row', async () => rowsCalled(world.codemie, key)[0]);
  await begin(team);
  await sees(key, reason);
  world.codemie.faults.decide(undefined);
  expect(await recorded(key, () => true)).toMatchObject({ id: row.id, origin: 'Created' });
  await repair(team);
  await see(key, { Ready: 'True/Ready' });
  expect(rowsCalled(world.codemie, key).map(({ id }) => id)).toEqual([row.id]);
});
