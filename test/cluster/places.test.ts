import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { kinds } from '../harness/cluster.ts';
import { createCodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import {
  discard,
  gitHubIntegration,
  listNothingWith,
  reconciled,
  rowsCalled,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
  waitForEvent,
} from './objects.ts';
import { useSuite } from './suite.ts';

/*
 * Where an integration is: in which CodeMie, in which project or with which person. What else is there is not ours,
 * whatever it looks like.
 */
const elsewhere = createCodeMiePeer({ host: 'codemie-2.example.com' });
const suite = useSuite({ peers: [elsewhere], projects: ['demo', 'second'] });
/** Good for the operator at both servers. */
let token: string;
let person: CodeMieUser;

beforeAll(() => {
  const { codemie, login } = suite.world;
  token = suite.secret('login');
  codemie.addToken(token, login);
  for (const project of ['demo', 'second']) elsewhere.addProject(project);
  elsewhere.addToken(token, elsewhere.addUser({ username: 'operator', projectAdminOf: ['demo', 'second'] }));
  person = codemie.addUser({ username: 'person', projectAdminOf: ['demo', 'second'] });
});

const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
const set = (key: string, field: string, value: unknown, resource = kinds.integration) =>
  suite.cluster.patch(resource, key, [{ op: 'add', path: `/spec/${field}`, value }]);
const through = (name: string) => ({ connectionRef: { kind: 'CodeMieConnection', name } });
const markOf = (key: string) => `codemie-git-operator/${suite.system}/${key}`;

async function remove(key: string): Promise<void> {
  await suite.cluster.delete(kinds.integration, key);
  await suite.cluster.waitForGone(kinds.integration, key);
}

/** Creates a connection with the ready token. */
function connect(namespace: string, name: string, url: string) {
  return suite.cluster.create(kinds.connection, {
    metadata: { name, namespace },
    spec: { url, auth: { token: { secretRef: { name: 'ready-token' } } } },
  });
}

interface Made {
  namespace: string;
  key: string;
  row: SettingRow;
}

/** An integration that is Ready, through the connection `first` to the usual CodeMie, and its row. */
async function make(spec: Record<string, unknown> = {}): Promise<Made> {
  const { cluster, world } = suite;
  const namespace = await cluster.createNamespace('team');
  const key = `${namespace}/acme`;
  await cluster.createSecret(`${namespace}/ready-token`, { token });
  await storeGitHubToken(suite, `${namespace}/token`);
  await connect(namespace, 'first', world.codemie.url);
  await cluster.create(kinds.integration, gitHubIntegration(key, { ...through('first'), ...spec }));
  await see(key, { Ready: 'True/Ready' });
  const [row] = rowsOf(world, key);
  if (!row) throw new Error(`CodeMie has no row of ${key}.`);
  return { namespace, key, row };
}

const rowsElsewhere = (key: string) => rowsCalled(elsewhere, key);
const isHere = ({ row }: Made) => suite.world.codemie.rows().includes(row);
/** CodeMie stamps every change. */
const stamp = (row: SettingRow) => {
  row.update_date = '2099-01-01T00:00:00.000001';
};
/** How many rows were deleted so far, anywhere. */
const deletes = () => suite.world.internet.requests.filter(({ method }) => method === 'DELETE').length;

describe('a connection whose url leads to another CodeMie from now on', () => {
  it('creates the integration there, and the one that it left behind is reported and never touched', async () => {
    const made = await make({ driftPolicy: 'Report' });
    const { key, namespace, row } = made;
    const before = [structuredClone(row), deletes()];
    await set(`${namespace}/first`, 'url', elsewhere.url, kinds.connection);
    const seen = await suite.cluster.waitFor('it to be made there', async () => {
      const { status } = await see(key, { Ready: 'True/Ready', Drifted: '' });
      return status.registration?.server === elsewhere.url && status.registration;
    });
    expect(rowsElsewhere(key).map(({ id }) => id)).toEqual([seen.id]);
    expect([row, deletes()]).toEqual(before);
    expect(await waitForEvent(suite.cluster, key, 'RegistrationOrphaned')).toBe(
      `Integration ${row.id} ("${key}") stays in CodeMie, because the connection leads to another server now. Remove it there; its key managed_by is ${markOf(key)}.`,
    );
    await remove(key);
    expect(rowsElsewhere(key)).toEqual([]);
    expect(isHere(made)).toBe(true);
  });

  it('removes nothing there by an id of the former server', async () => {
    const { cluster } = suite;
    const { key, namespace, row } = await make();
    await set(key, 'suspend', true);
    await see(key, { Ready: 'True/Suspended' });
    const user = elsewhere.addUser({ username: `owner of ${namespace}` });
    // A server that was made from a copy of the database has the same ids.
    const clone = elsewhere.seed({ project: 'demo', alias: key, values: { url: 'x' }, user });
    Object.assign(clone, { id: row.id });
    await set(`${namespace}/first`, 'url', elsewhere.url, kinds.connection);
    await cluster.delete(kinds.integration, key);
    await cluster.waitForGone(kinds.integration, key);
    expect(rowsElsewhere(key)).toEqual([clone]);
    expect(await waitForEvent(cluster, key, 'RegistrationOrphaned')).toContain('leads to another server now');
  });

  it('keeps the row where it is the same CodeMie by another URL', async () => {
    const { key, namespace, row } = await make();
    const url = `${suite.world.codemie.url}/`;
    const before = deletes();
    await set(`${namespace}/first`, 'url', url, kinds.connection);
    await suite.cluster.waitFor('the other URL to be remembered', async () => {
      const { status } = await see(key, { Ready: 'True/Ready' });
      return status.registration?.server === url && status.registration.id === row.id;
    });
    expect([rowsOf(suite.world, key), deletes()]).toEqual([[row], before]);
  });
});

describe('an integration that moves to another connection', () => {
  const moved = (key: string) =>
    suite.cluster.waitFor('it to move', async () => {
      const { status } = await see(key, { Ready: 'True/Ready' });
      return status.registration?.server === elsewhere.url;
    });

  it('holds the former one until its row there is gone', async () => {
    const { cluster } = suite;
    const made = await make();
    const { namespace, key } = made;
    await set(key, 'connectionRef', through('late').connectionRef);
    await see(key, { Ready: 'False/ConnectionNotFound' });
    await cluster.delete(kinds.connection, `${namespace}/first`);
    await waitForConnection(cluster, kinds.connection, `${namespace}/first`, { Ready: 'Unknown/InUse' });
    await connect(namespace, 'late', elsewhere.url);
    await moved(key);
    await cluster.waitForGone(kinds.connection, `${namespace}/first`);
    expect(isHere(made)).toBe(false);
    expect(rowsElsewhere(key)).toHaveLength(1);
  });

  it.each(['back', 'on'])('and %s before the status records that leaves nothing there', async (where) => {
    const { cluster, world } = suite;
    const made = await make();
    const { namespace, key, row } = made;
    await connect(namespace, 'second', elsewhere.url);
    await connect(namespace, 'third', world.codemie.url);
    listNothingWith(elsewhere, key);
    await set(key, 'connectionRef', through('second').connectionRef);
    await cluster.waitFor('a row there', () => Promise.resolve(rowsElsewhere(key).length === 1));
    const { metadata } = await set(
      key,
      'connectionRef',
      through(where === 'back' ? 'first' : 'third').connectionRef,
    );
    // A reconcile of the move before would record the row there, and remove the first one.
    await cluster.waitFor('the move to be seen', async () => {
      const object = await cluster.get(kinds.integration, key);
      return parseGitIntegrationStatus(object?.['status']).observedGeneration === metadata.generation;
    });
    elsewhere.faults.decide(undefined);
    await cluster.waitFor('nothing to be left', () => Promise.resolve(rowsElsewhere(key).length === 0));
    const { status } = await see(key, { Ready: 'True/Ready' });
    expect(status.registration?.id).toBe(row.id);
    expect(isHere(made)).toBe(true);
  });

  it('reports what it can not remove where the status never recorded it', async () => {
    const { cluster, world } = suite;
    const { namespace, key } = await make();
    await connect(namespace, 'second', elsewhere.url);
    listNothingWith(elsewhere, key);
    await set(key, 'connectionRef', through('second').connectionRef);
    await cluster.waitFor('a row there', () => Promise.resolve(rowsElsewhere(key).length === 1));
    await set(`${namespace}/second`, 'url', world.codemie.url, kinds.connection);
    expect(await waitForEvent(cluster, key, 'RegistrationOrphaned')).toBe(
      `Possibly an integration stays in CodeMie, because the connection leads to another server now. Remove it there; its key managed_by is ${markOf(key)}.`,
    );
    await see(key, { Ready: 'True/Ready' });
  });

  it('leaves its row there under deletionPolicy Orphan', async () => {
    const made = await make({ deletionPolicy: 'Orphan' });
    await connect(made.namespace, 'second', elsewhere.url);
    await set(made.key, 'connectionRef', through('second').connectionRef);
    await moved(made.key);
    expect(isHere(made)).toBe(true);
  });

  it('reports the row whose connection was removed before', async () => {
    const made = await make();
    const { namespace, key } = made;
    await connect(namespace, 'second', elsewhere.url);
    await set(key, 'suspend', true);
    await see(key, { Ready: 'True/Suspended' });
    await set(key, 'connectionRef', through('second').connectionRef);
    await discard(suite.cluster, kinds.connection, `${namespace}/first`);
    await set(key, 'suspend', false);
    await moved(key);
    expect(isHere(made)).toBe(true);
    expect(await waitForEvent(suite.cluster, key, 'RegistrationOrphaned')).toContain(
      'stays in CodeMie, because its former connection is gone.',
    );
  });
});

describe('a user who', () => {
  const valuesOf = (row: SettingRow) =>
    Object.fromEntries(row.credential_values.map(({ key, value }) => [key, value]));

  it('moves the integration to another project gets a report, and may move it back', async () => {
    const { key, row } = await make();
    row.project_name = 'second';
    stamp(row);
    const seen = await reconciled(suite.cluster, key, { Ready: 'False/Rejected' });
    expect(seen.condition('Ready').message).toBe(
      'The integration was moved to project "second" in CodeMie. Move it back there, or delete this GitIntegration and create one for that project.',
    );
    row.project_name = 'demo';
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    row.project_name = 'second';
    await remove(key);
    expect(rowsOf(suite.world, key)).toEqual([]);
  });

  it('copies the project keeps the copy', async () => {
    const { key, row } = await make();
    const copy = suite.world.codemie.seed({
      project: 'second',
      alias: key,
      values: valuesOf(row),
      user: person,
    });
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    await remove(key);
    expect(rowsOf(suite.world, key)).toEqual([copy]);
  });

  it('creates it again by hand keeps it, unless it may be adopted', async () => {
    const { codemie } = suite.world;
    const { key, row } = await make();
    codemie.remove(row.id);
    const { managed_by: _, ...values } = valuesOf(row);
    const theirs = codemie.seed({ project: 'demo', alias: key, values, user: person });
    const before = structuredClone(theirs);
    await reconciled(suite.cluster, key, { Ready: 'False/AliasConflict' });
    expect(theirs).toEqual(before);
    await set(key, 'adoptionPolicy', 'IfUnowned');
    const { status } = await see(key, { Ready: 'True/Ready', Registered: 'True/Adopted' });
    expect(status.registration?.id).toBe(theirs.id);
  });

  it('hands it to someone else leaves it to them, even where the policy always adopts', async () => {
    const { key, row } = await make({ adoptionPolicy: 'Always' });
    const mark = row.credential_values.find((value) => value.key === 'managed_by');
    if (mark) mark.value = 'codemie-git-operator/elsewhere/team/acme';
    stamp(row);
    const before = structuredClone(row);
    const seen = await reconciled(suite.cluster, key, { Ready: 'False/OwnedByOther' });
    expect(seen.condition('Ready').message).toContain(
      `took the integration "${key}" of project "demo" over.`,
    );
    await remove(key);
    expect(suite.world.codemie.rows()).toContainEqual(before);
  });
});

describe('a server that drops the mark', () => {
  it('is served by the id in the status', async () => {
    const { codemie, internet } = suite.world;
    codemie.keepUnknownKeys(false);
    onTestFinished(() => codemie.keepUnknownKeys(true));
    const { cluster } = suite;
    const namespace = await suite.team();
    const key = `${namespace}/acme`;
    await storeGitHubToken(suite, `${namespace}/token`);
    await cluster.create(kinds.integration, gitHubIntegration(key));
    const { status } = await see(key, { Ready: 'True/Ready' });
    const [row] = codemie.rows().filter(({ alias }) => alias === key);
    expect(row?.id).toBe(status.registration?.id);
    const puts = () => internet.requests.filter(({ method }) => method === 'PUT').length;
    const before = puts();
    await reconciled(cluster, key, { Ready: 'True/Ready', Drifted: '' });
    expect(puts()).toBe(before);

    await set(key, 'alias', `${key} renamed`);
    await see(key, { Ready: 'True/Ready', Reconciling: '' });
    expect(codemie.rows().filter(({ id }) => id === row?.id)).toMatchObject([{ alias: `${key} renamed` }]);
    await remove(key);
    expect(codemie.rows().filter(({ id }) => id === row?.id)).toEqual([]);
  });

  it('adopts what a killed process created there when a user says so, and not before', async () => {
    const { codemie, login } = suite.world;
    const namespace = await suite.team();
    const key = `${namespace}/acme`;
    const token = await storeGitHubToken(suite, `${namespace}/token`);
    const values = { url: 'https://github.com', auth_type: 'pat', name: 'oauth2', token };
    const row = codemie.seed({ project: 'demo', alias: key, values, user: login });
    await suite.cluster.create(kinds.integration, gitHubIntegration(key));
    const seen = await see(key, { Ready: 'False/AliasConflict' });
    expect(seen.condition('Ready').message).toContain('adoptionPolicy: IfUnowned');
    await set(key, 'adoptionPolicy', 'IfUnowned');
    const { status } = await see(key, { Ready: 'True/Ready' });
    expect(status.registration).toMatchObject({ id: row.id, origin: 'Adopted' });
    await remove(key);
  });
});

describe('a personal integration', () => {
  it('is created, changed, corrected and removed with the login of the connection', async () => {
    const { cluster, world } = suite;
    const { codemie } = world;
    const namespace = await cluster.createNamespace('team');
    const key = `${namespace}/mine`;
    const user = codemie.addUser({ username: `ada-${namespace}`, memberOf: ['demo'] });
    const own = suite.secret('ada');
    codemie.addToken(own, user);
    await cluster.createSecret(`${namespace}/ready-token`, { token: own });
    await storeGitHubToken(suite, `${namespace}/token`);
    await connect(namespace, 'ada', codemie.url);
    // Another person's integration of this name is no hindrance, as in CodeMie itself.
    const values = { url: 'https://github.com', token: suite.secret('other') };
    codemie.seed({ project: 'demo', alias: key, values, user: person, type: 'user' });
    await cluster.create(
      kinds.integration,
      gitHubIntegration(key, { ...through('ada'), scope: 'User', global: true }),
    );
    const { status } = await see(key, { Ready: 'True/Ready' });
    expect(status.registration).toMatchObject({ scope: 'User', project: 'demo', alias: key });
    const [row, ...more] = rowsOf(world, key);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      id: status.registration?.id,
      setting_type: 'user',
      user_id: user.id,
      is_global: true,
    });
    if (!row) return;

    row.is_global = false;
    stamp(row);
    await reconciled(cluster, key, { Ready: 'True/Ready' });
    expect(row.is_global).toBe(true);
    await set(key, 'alias', `${key} renamed`);
    await cluster.waitFor('the new name', () => Promise.resolve(row.alias === `${key} renamed`));
    expect(row.setting_type).toBe('user');
    await remove(key);
    expect(rowsOf(world, key)).toEqual([]);
  });

  it('needs a login that is a member of the project', async () => {
    const { cluster, world } = suite;
    const namespace = await cluster.createNamespace('team');
    const own = suite.secret('stranger');
    world.codemie.addToken(own, world.codemie.addUser({ username: `stranger-${namespace}` }));
    await cluster.createSecret(`${namespace}/ready-token`, { token: own });
    await storeGitHubToken(suite, `${namespace}/token`);
    await connect(namespace, 'stranger', world.codemie.url);
    const key = `${namespace}/mine`;
    await cluster.create(
      kinds.integration,
      gitHubIntegration(key, { ...through('stranger'), scope: 'User' }),
    );
    const seen = await see(key, { Ready: 'False/AccessDenied' });
    expect(seen.condition('Ready').message).toContain('or the login is not a member of it.');
  });
});

describe('deletionPolicy', () => {
  it('may be turned from Orphan to Delete before the end', async () => {
    const made = await make({ deletionPolicy: 'Orphan' });
    await set(made.key, 'deletionPolicy', 'Delete');
    await remove(made.key);
    expect(isHere(made)).toBe(false);
  });

  it('may be turned to Orphan while the deletion waits for CodeMie', async () => {
    const { world, cluster } = suite;
    const made = await make();
    world.internet.setFault('codemie.example.com', { kind: 'refuse' });
    onTestFinished(() => world.internet.setFault('codemie.example.com', undefined));
    await cluster.delete(kinds.integration, made.key);
    await see(made.key, { Ready: 'Unknown/Deleting' });
    await set(made.key, 'deletionPolicy', 'Orphan');
    await cluster.waitForGone(kinds.integration, made.key);
    expect(isHere(made)).toBe(true);
  });
});
