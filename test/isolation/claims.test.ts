import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { discard, reconciled } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { kinds } from '../harness/cluster.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import { drop } from '../harness/peers/codemie/faults.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import type { Peer } from '../harness/peers/peer.ts';
import { sharedProject, type Tenant } from './stage.ts';
import { useStage } from './use-stage.ts';

/*
 * A tenant wants the name, and so the integration, that another tenant has in CodeMie. Whatever connection they come
 * through and whatever state the victim is in, they get it when the victim has released it, and not before.
 */
const service: Peer = {
  name: 'codemie-service',
  hosts: ['codemie-service.example.com'],
  handler: (request, response) => stage.world.codemie.handler(request, response),
  requests: [],
  close: () => Promise.resolve(),
};
const stage = useStage({ peers: [service] });
let victim: Tenant;
let attacker: Tenant;
/** An administrator of the project in CodeMie. */
let person: CodeMieUser;

beforeAll(async () => {
  [victim, attacker] = await Promise.all([stage.tenant('victim'), stage.tenant('attacker')]);
  await Promise.all([victim.storeToken(), attacker.storeToken()]);
  person = stage.world.codemie.addUser({ username: 'person', projectAdminOf: [sharedProject] });
  await stage.cluster.create(kinds.clusterConnection, {
    metadata: { name: 'spelled' },
    spec: {
      url: stage.world.codemie.url.replace('codemie.example.com', 'CodeMie.Example.com:443').concat('//'),
      auth: clientCredentials(stage.world, 'login'),
      consumers: [{ namespaces: [victim.namespace, attacker.namespace], projects: [sharedProject] }],
    },
  });
});
afterAll(() => discard(stage.cluster, kinds.clusterConnection, 'spelled'));

const through = (name: string) => ({ connectionRef: { name } });
const throughOwn = (name: string) => ({ connectionRef: { kind: 'CodeMieConnection', name } });
const see = (key: string, wanted: Record<string, string>) => stage.cluster.waitForConditions(key, wanted);
const keyOf = ({ namespace }: Tenant, name: string) => `${namespace}/${name}`;
const set = (tenant: Tenant, name: string, spec: Record<string, unknown>) =>
  tenant.patch(
    kinds.integration,
    name,
    Object.entries(spec).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
  );

/** The rows of that alias, at the CodeMie of `default`. */
const rowsCalled = (alias: string) => stage.world.codemie.rows().filter((row) => row.alias === alias);
const valueOf = (row: SettingRow, key: string) =>
  row.credential_values.find((value) => value.key === key)?.value;
const markOf = (row: SettingRow) => String(valueOf(row, 'managed_by'));

/** An integration of the victim that is Ready, under its own alias. */
async function stand(spec: Record<string, unknown> = {}) {
  const alias = `payments-${randomUUID().slice(0, 8)}`;
  const name = alias;
  await victim.integrate(name, { alias, ...spec });
  await see(keyOf(victim, name), { Ready: 'True/Ready' });
  const [row] = rowsCalled(alias);
  if (!row) throw new Error('It has no row.');
  return { alias, name, key: keyOf(victim, name), row, before: structuredClone(row) };
}
type Stand = Awaited<ReturnType<typeof stand>>;

/** Who has the row of a stand, once the victim went on: the mark, and whether anything of it was changed. */
async function kept({ row, before, key }: Stand): Promise<boolean> {
  expect(row).toEqual(before);
  await reconciled(stage.cluster, key, { Ready: 'True/Ready' });
  return stage.world.codemie.rows().includes(row) && markOf(row) === markOf(before);
}

/** A new integration of the attacker under that alias, and what becomes of it. */
async function attack(spec: Record<string, unknown>, wanted: Record<string, string>): Promise<string> {
  const name = `attack-${randomUUID().slice(0, 8)}`;
  await attacker.integrate(name, { adoptionPolicy: 'Always', ...spec });
  const seen = await see(keyOf(attacker, name), wanted);
  expect(JSON.stringify(seen.object['status'])).not.toContain(victim.namespace);
  onTestFinished(() => attacker.delete(kinds.integration, name));
  return name;
}

/** A sleeper of the attacker that is registered under that alias at the other server. */
async function sleeper(alias: string, spec: Record<string, unknown> = through('staging')): Promise<string> {
  const name = `sleeper-${randomUUID().slice(0, 8)}`;
  await attacker.integrate(name, { alias, ...spec });
  await see(keyOf(attacker, name), { Ready: 'True/Ready' });
  onTestFinished(() => attacker.delete(kinds.integration, name));
  return name;
}

/** Waits until what is created from now on is younger than the object: creation times are whole seconds. */
async function laterSecondThan({ metadata }: KubeObject): Promise<void> {
  const nextMs = Date.parse(metadata.creationTimestamp) + 1_000;
  while (Date.now() < nextMs) await sleep(50);
}

/** A connection of the attacker's own. */
async function connect(name: string, url: string, token: string): Promise<void> {
  await attacker.create(kinds.secret, `${name}-login`, { stringData: { token } });
  await attacker.create(kinds.connection, name, {
    spec: { url, auth: { token: { secretRef: { name: `${name}-login` } } } },
  });
}

describe('a name that another tenant has', () => {
  it('is not had by a registration of that name at another server', async () => {
    const alias = `payments-${randomUUID().slice(0, 8)}`;
    const name = await sleeper(alias);
    await victim.integrate(alias, { alias });
    await see(keyOf(victim, alias), { Ready: 'True/Ready' });
    const [row] = rowsCalled(alias);
    if (!row) throw new Error('It has no row.');
    const before = structuredClone(row);
    await set(attacker, name, { ...through('default'), adoptionPolicy: 'Always' });
    await see(keyOf(attacker, name), { Ready: 'False/AliasConflict' });
    expect(await kept({ alias, name: alias, key: keyOf(victim, alias), row, before })).toBe(true);
    await attacker.delete(kinds.integration, name);
    await stage.cluster.waitForGone(kinds.integration, keyOf(attacker, name));
    expect(await kept({ alias, name: alias, key: keyOf(victim, alias), row, before })).toBe(true);
  });

  it('is not had by a registration at a server of the attacker, whose connection then leads here', async () => {
    const made = await stand();
    const user = stage.staging.addUser({ username: randomUUID(), projectAdminOf: [sharedProject] });
    const token = stage.secret('evil');
    stage.staging.addToken(token, user);
    stage.world.codemie.addToken(token, stage.world.codemie.addUser({ username: randomUUID() }));
    await connect('evil', stage.staging.url, token);
    const name = await sleeper(made.alias, throughOwn('evil'));
    await attacker.patch(kinds.connection, 'evil', [
      { op: 'replace', path: '/spec/url', value: stage.world.codemie.url },
    ]);
    await see(keyOf(attacker, name), { Ready: 'False/AliasConflict' });
    expect(await kept(made)).toBe(true);
  });

  it.each(['default', 'spelled'])('is not free through the connection %s', async (connection) => {
    const made = await stand();
    await attack({ ...through(connection), alias: made.alias }, { Ready: 'False/AliasConflict' });
    expect(await kept(made)).toBe(true);
  });

  it('is not free through the other connection for one that was created first', async () => {
    const alias = `payments-${randomUUID().slice(0, 8)}`;
    const older = `older-${alias}`;
    await attacker.create(kinds.secret, older, { stringData: { token: stage.secret('ghp_') } });
    const auth = { token: { secretRef: { name: older } } };
    await attacker.integrate(older, { ...through('spelled'), alias, auth, adoptionPolicy: 'Always' });
    const { object } = await see(keyOf(attacker, older), { Ready: 'False/Unauthorized' });
    await laterSecondThan(object);
    // It was there before, may have the name, and has not got it.
    await victim.integrate(alias, { alias });
    await see(keyOf(victim, alias), { Ready: 'False/AliasConflict' });
    await attacker.delete(kinds.integration, older);
    await see(keyOf(victim, alias), { Ready: 'True/Ready' });
    expect(rowsCalled(alias).map(markOf)).toEqual([expect.stringContaining(keyOf(victim, alias))]);
  });

  it.each<{ name: string; before: (made: Stand) => Promise<unknown> }>([
    {
      name: 'waits on a bad credential in the middle of a rename',
      async before({ name, key, alias }) {
        await victim.create(kinds.secret, name, { stringData: { token: stage.secret('ghp_') } });
        await set(victim, name, { alias: `${alias} new`, auth: { token: { secretRef: { name } } } });
        await see(key, { Ready: 'False/Unauthorized' });
      },
    },
    {
      name: 'lacks its Secret in the middle of a rename',
      async before({ name, key, alias }) {
        await set(victim, name, { alias: `${alias} new`, auth: { token: { secretRef: { name } } } });
        await see(key, { Ready: 'False/SecretNotFound' });
      },
    },
    {
      name: 'is suspended in the middle of a rename',
      async before({ name, key, alias }) {
        await set(victim, name, { suspend: true, alias: `${alias} new` });
        await stage.cluster.waitFor('it to be suspended', async () => {
          const seen = await see(key, {});
          return seen.condition('Ready').reason === 'Suspended';
        });
      },
    },
    {
      name: 'is on the way to a connection that does not exist',
      async before({ name, key }) {
        await set(victim, name, through('nowhere'));
        await see(key, { Ready: 'False/ConnectionNotFound' });
      },
    },
    {
      name: 'is being deleted, and CodeMie does not answer',
      async before({ name, key }) {
        const { faults } = stage.world.codemie;
        faults.add({ method: 'DELETE', times: Number.POSITIVE_INFINITY, outcome: drop('beforeCommit') });
        onTestFinished(() => faults.clear());
        await victim.delete(kinds.integration, name);
        await see(key, { Ready: 'Unknown/Deleting' });
      },
    },
  ])('is kept by one that $name', async ({ before }) => {
    const made = await stand();
    await before(made);
    for (const connection of ['default', 'spelled'])
      await attack({ ...through(connection), alias: made.alias }, { Ready: 'False/AliasConflict' });
    expect(made.row).toEqual(made.before);
    expect(rowsCalled(made.alias)).toEqual([made.row]);
  });

  it('is not free after a user removed the mark and gave the row another name', async () => {
    const made = await stand();
    await set(victim, made.name, { suspend: true });
    await see(made.key, { Ready: 'True/Suspended' });
    const alias = `${made.alias} by hand`;
    made.row.alias = alias;
    made.row.credential_values = made.row.credential_values.filter(({ key }) => key !== 'managed_by');
    const now = structuredClone(made.row);
    const name = await attack({ alias }, { Ready: 'False' });
    // Now it has seen the row under its new name.
    await reconciled(stage.cluster, keyOf(attacker, name), { Ready: 'False/OwnedByOther' });
    expect(made.row).toEqual(now);
  });

  it('is not swapped by two that want each other’s', async () => {
    const [one, two] = [await stand(), await stand()];
    await set(victim, one.name, { alias: two.alias, adoptionPolicy: 'Always' });
    await set(victim, two.name, { alias: one.alias, adoptionPolicy: 'Always' });
    await see(one.key, { Ready: 'False/AliasConflict' });
    await see(two.key, { Ready: 'False/AliasConflict' });
    for (const { row, before } of [one, two]) expect(row).toEqual(before);
    await set(victim, two.name, { alias: `${two.alias} third` });
    await see(one.key, { Ready: 'True/Ready' });
    expect(one.row.alias).toBe(two.alias);
  });

  it('is free as soon as it is released: by a rename, and by a deletion', async () => {
    const [one, two] = [await stand(), await stand()];
    const names = [];
    for (const { alias } of [one, two]) names.push(await attack({ alias }, { Ready: 'False/AliasConflict' }));
    await set(victim, one.name, { alias: `${one.alias} new` });
    await victim.delete(kinds.integration, two.name);
    for (const name of names) await see(keyOf(attacker, name), { Ready: 'True/Ready' });
    expect(one.row.alias).toBe(`${one.alias} new`);
  });

  it('may be adopted from one that is gone and left its row there on purpose', async () => {
    const made = await stand({ deletionPolicy: 'Orphan' });
    await victim.delete(kinds.integration, made.name);
    await stage.cluster.waitForGone(kinds.integration, made.key);
    const first = await attack(
      { alias: made.alias, adoptionPolicy: 'IfUnowned' },
      { Ready: 'False/OwnedByOther' },
    );
    await attacker.delete(kinds.integration, first);
    const name = await attack({ alias: made.alias }, { Ready: 'True/Ready' });
    expect(markOf(made.row)).toContain(keyOf(attacker, name));
  });
});

describe('a name that is free', () => {
  it('is not reserved by one that no connection allows', async () => {
    const stranger = await stage.tenant('stranger', { consumer: false });
    const alias = `payments-${randomUUID().slice(0, 8)}`;
    await stranger.storeToken();
    await stranger.integrate('first', { alias });
    await see(keyOf(stranger, 'first'), { Ready: 'False/ConnectionNotAllowed' });
    await victim.integrate(alias, { alias });
    await see(keyOf(victim, alias), { Ready: 'True/Ready' });
    expect(rowsCalled(alias).map(markOf)).toEqual([expect.stringContaining(keyOf(victim, alias))]);
  });

  it('is not reserved through a login without rights', async () => {
    const token = stage.secret('powerless');
    stage.world.codemie.addToken(token, stage.world.codemie.addUser({ username: randomUUID() }));
    await connect('powerless', stage.world.codemie.url, token);
    const alias = `payments-${randomUUID().slice(0, 8)}`;
    const name = `first-${alias}`;
    await attacker.integrate(name, { ...throughOwn('powerless'), alias });
    await see(keyOf(attacker, name), { Ready: 'False/AccessDenied' });
    await victim.integrate(alias, { alias });
    await see(keyOf(victim, alias), { Ready: 'True/Ready' });
    expect(rowsCalled(alias).map(markOf)).toEqual([expect.stringContaining(keyOf(victim, alias))]);
  });
});

it('the mark in CodeMie protects a row where no URL shows that it is the same CodeMie', async () => {
  const made = await stand();
  const token = stage.secret('admin');
  stage.world.codemie.addToken(token, person);
  await connect('mighty', stage.world.codemie.url.replace('codemie.', 'codemie-service.'), token);
  await attack({ ...throughOwn('mighty'), alias: made.alias }, { Ready: 'False/OwnedByOther' });
  expect(await kept(made)).toBe(true);
});
