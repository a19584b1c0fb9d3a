import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { REGISTRATION_FINALIZER } from '../../src/api/group.ts';
import { discard, reconciled, waitForConnection } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { kinds } from '../harness/cluster.ts';
import { deadline } from '../harness/pace.ts';
import { createCodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import { sharedProject, type Tenant } from './stage.ts';
import { useStage } from './use-stage.ts';

/*
 * A finalizer is a text that anyone can write who may write the object, and a status is one that some may write whom
 * the operator does not trust. Neither opens a connection, raises an alarm, or changes who owns a row.
 */
const quiet = createCodeMiePeer({ host: 'quiet.example.com' });
const stage = useStage({ peers: [quiet] });
let team: Tenant;
let stranger: Tenant;
let person: CodeMieUser;

beforeAll(async () => {
  [team, stranger] = await Promise.all([stage.tenant('team'), stage.tenant('stranger', { consumer: false })]);
  await Promise.all([team.storeToken(), stranger.storeToken()]);
  person = stage.world.codemie.addUser({ username: 'person', projectAdminOf: [sharedProject] });
});

const see = (key: string, wanted: Record<string, string>) => stage.cluster.waitForConditions(key, wanted);
const keyOf = ({ namespace }: Tenant, name: string) => `${namespace}/${name}`;
const newName = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`;

/** A ClusterCodeMieConnection that lets consumers write the shared project. */
async function makeConnection(spec: Record<string, unknown> = {}): Promise<string> {
  const name = newName('made');
  const consumers = [{ namespaces: [team.namespace], projects: [sharedProject] }];
  const url = stage.world.codemie.url;
  await stage.cluster.create(kinds.clusterConnection, {
    metadata: { name },
    spec: { url, auth: clientCredentials(stage.world, 'login'), consumers, ...spec },
  });
  onTestFinished(() => discard(stage.cluster, kinds.clusterConnection, name));
  await waitForConnection(stage.cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
  return name;
}

/** Whose integration has the finalizer from the beginning, as the operator would add it. */
async function withFinalizer(tenant: Tenant, spec: Record<string, unknown>): Promise<string> {
  const name = newName('pinned');
  await tenant.create(kinds.integration, name, {
    metadata: { finalizers: [REGISTRATION_FINALIZER] },
    spec: {
      provider: 'GitHub',
      auth: { token: { secretRef: { name: 'token' } } },
      project: sharedProject,
      ...spec,
    },
  });
  return name;
}

const events = async ({ namespace }: Tenant) =>
  (await stage.cluster.list(kinds.event, namespace)).map(({ reason }) => reason);
const orphaned = async () => /registrations_orphaned_total (\d+)/.exec(await stage.operator.metrics())?.[1];

describe('a finalizer that a tenant has set', () => {
  it('opens no connection that does not allow the namespace, and raises no alarm', async () => {
    const token = stage.secret('quiet');
    quiet.addToken(token, quiet.addUser({ username: 'operator', projectAdminOf: ['other'] }));
    const secret = newName('quiet');
    await stage.cluster.createSecret(`${stage.system}/${secret}`, { token });
    const connection = await makeConnection({
      url: quiet.url,
      auth: { token: { secretRef: { name: secret } } },
    });
    const before = { asked: quiet.requests.length, orphaned: await orphaned() };
    const refs = [{ name: connection }, { name: 'nowhere' }, { kind: 'CodeMieConnection', name: 'nowhere' }];
    for (const connectionRef of refs) {
      const name = await withFinalizer(stranger, { connectionRef, project: 'secret-project' });
      await stranger.delete(kinds.integration, name);
      await stage.cluster.waitForGone(kinds.integration, keyOf(stranger, name));
    }
    const asked = quiet.requests.slice(before.asked).map(({ path }) => path);
    expect(asked.filter((path) => !/\/v1\/(user|info)$/.test(path))).toEqual([]);
    expect(await orphaned()).toBe(before.orphaned);
    expect(await events(stranger)).not.toContain('RegistrationOrphaned');
  });

  it('does not keep a connection from being deleted', async () => {
    const connection = await makeConnection();
    const name = await withFinalizer(stranger, { connectionRef: { name: connection } });
    await see(keyOf(stranger, name), { Ready: 'False/ConnectionNotAllowed' });
    await stage.cluster.delete(kinds.clusterConnection, connection);
    await stage.cluster.waitForGone(kinds.clusterConnection, connection);
    expect(await stage.cluster.get(kinds.integration, keyOf(stranger, name))).toBeDefined();
    await stranger.delete(kinds.integration, name);
    await stage.cluster.waitForGone(kinds.integration, keyOf(stranger, name));
  });

  it('raises no alarm from a consumer either, whatever project it names', async () => {
    const before = await orphaned();
    const connection = await makeConnection({
      consumers: [{ namespaces: [team.namespace], projects: ['*'] }],
    });
    const name = await withFinalizer(team, {
      connectionRef: { name: connection },
      project: 'secret-project',
    });
    await team.delete(kinds.integration, name);
    await stage.cluster.waitForGone(kinds.integration, keyOf(team, name));
    expect(await orphaned()).toBe(before);
    expect(await events(team)).not.toContain('RegistrationOrphaned');
  });
});

describe('a connection that is withdrawn from a namespace', () => {
  it('is used once more to remove what was made through it', async () => {
    const { world } = stage;
    const connection = await makeConnection();
    const name = newName('made');
    await team.integrate(name, { connectionRef: { name: connection } });
    await see(keyOf(team, name), { Ready: 'True/Ready' });
    await stage.cluster.patch(kinds.clusterConnection, connection, [
      { op: 'replace', path: '/spec/consumers', value: [] },
    ]);
    await see(keyOf(team, name), { Ready: 'False/ConnectionNotAllowed' });
    await stage.cluster.delete(kinds.clusterConnection, connection);
    await waitForConnection(stage.cluster, kinds.clusterConnection, connection, { Ready: 'Unknown/InUse' });
    await team.delete(kinds.integration, name);
    await stage.cluster.waitForGone(kinds.integration, keyOf(team, name));
    await stage.cluster.waitForGone(kinds.clusterConnection, connection);
    expect(world.codemie.rows().filter(({ alias }) => alias === name)).toEqual([]);
  });
});

describe('a forged registration', () => {
  /** Writes a status as someone who may, and has the integration read it. */
  async function forge(name: string, registration: object): Promise<void> {
    const { client } = stage.cluster;
    const options = { fieldManager: 'forger', force: true };
    const key = keyOf(team, name);
    const object = await stage.cluster.get(kinds.integration, key);
    if (!object) throw new Error('It is gone.');
    const { uid, resourceVersion } = object.metadata;
    const status = { observedGeneration: 1, registration };
    await client.applyStatus(
      kinds.integration,
      key,
      status,
      { ...options, uid, resourceVersion },
      deadline(30_000),
    );
  }

  async function byHand() {
    const { codemie } = stage.world;
    const alias = newName('by-hand');
    const values = { url: 'https://github.com', auth_type: 'pat', token: stage.secret('ghp_') };
    const row = codemie.seed({ project: sharedProject, alias, values, user: person });
    const uid = (await stage.cluster.get(kinds.clusterConnection, 'default'))?.metadata.uid ?? '';
    const registration = {
      id: row.id,
      project: sharedProject,
      alias,
      scope: 'Project',
      connectionUID: uid,
      server: codemie.url,
      origin: 'Created',
    };
    return { alias, row, before: structuredClone(row), registration };
  }

  it('does not make a row that a user created the operator’s to change or delete', async () => {
    const { row, before, registration } = await byHand();
    const name = newName('forger');
    await team.integrate(name, { suspend: true });
    await stage.cluster.waitFor('it to be suspended', async () =>
      (await see(keyOf(team, name), {})).conditions.some(({ reason }) => reason === 'Suspended'),
    );
    await forge(name, registration);
    await team.patch(kinds.integration, name, [
      { op: 'replace', path: '/spec/suspend', value: false },
      { op: 'add', path: '/spec/alias', value: before.alias },
    ]);
    await see(keyOf(team, name), { Ready: 'False/AliasConflict' });
    await team.patch(kinds.integration, name, [
      { op: 'add', path: '/metadata/finalizers', value: [REGISTRATION_FINALIZER] },
    ]);
    await forge(name, registration);
    await team.delete(kinds.integration, name);
    await stage.cluster.waitForGone(kinds.integration, keyOf(team, name));
    expect(stage.world.codemie.rows()).toContain(row);
    expect(row).toEqual(before);
  });

  it('of another integration, signature included, holds nothing and gets nothing', async () => {
    const [victim, forger] = [newName('victim'), newName('forger')];
    await team.integrate(victim);
    const { status } = await see(keyOf(team, victim), { Ready: 'True/Ready' });
    expect(status.registration?.signature).toMatch(/^hmac-sha256:/);
    const row = stage.world.codemie.rows().find(({ id }) => id === status.registration?.id);
    const before = structuredClone(row);
    await team.integrate(forger);
    await see(keyOf(team, forger), { Ready: 'True/Ready' });
    await forge(forger, status.registration ?? {});
    await team.patch(kinds.integration, forger, [
      { op: 'add', path: '/spec/alias', value: victim },
      { op: 'add', path: '/spec/adoptionPolicy', value: 'Always' },
    ]);
    await see(keyOf(team, forger), { Ready: 'False/AliasConflict' });
    await team.delete(kinds.integration, forger);
    await stage.cluster.waitForGone(kinds.integration, keyOf(team, forger));
    await reconciled(stage.cluster, keyOf(team, victim), { Ready: 'True/Ready' });
    expect(row).toEqual(before);
  });

  it('that lost its signature is found by its mark and signed again, without a new row', async () => {
    const name = newName('older');
    await team.integrate(name);
    const { status } = await see(keyOf(team, name), { Ready: 'True/Ready' });
    const { signature: _, ...unsigned } = status.registration ?? {};
    await forge(name, unsigned);
    const after = await stage.cluster.waitFor('it to be signed', async () => {
      const seen = await reconciled(stage.cluster, keyOf(team, name), { Ready: 'True/Ready' });
      return seen.status.registration?.signature !== undefined && seen;
    });
    expect(after.status.registration).toMatchObject({
      id: status.registration?.id,
      signature: status.registration?.signature,
    });
  });
});
