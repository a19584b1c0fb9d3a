import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import { gitHubIntegration, reconciled, rowsOf, storeGitHubToken, waitForConnection } from './objects.ts';
import { useSuite } from './suite.ts';
import { heldByCodeMie } from './traffic.ts';

// CodeMie keeps aliases apart by a check before each write, which counts the personal settings of all members of the
// project and the settings of all types, and which two writes at the same time pass.

const suite = useSuite();
/** A plain member of the project. */
let member: CodeMieUser;
let namespace: string;

beforeAll(async () => {
  member = suite.world.codemie.addUser({ username: 'member', memberOf: ['demo'] });
  namespace = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
});

const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
const set = (key: string, field: string, value: unknown) =>
  suite.cluster.patch(kinds.integration, key, [{ op: 'add', path: `/spec/${field}`, value }]);
const held = (key: string) => heldByCodeMie(suite.world, key);
/** How many updates were tried so far for an integration, which names itself in the row. */
const updates = (key: string) =>
  suite.world.codemie.requests.filter(
    (request) =>
      request.method === 'PUT' &&
      request.path.includes('/v1/settings/project') &&
      request.body().includes(key),
  ).length;

/** Creates an integration that reads its own Secret. */
async function create(name: string, spec: Record<string, unknown> = {}): Promise<string> {
  const key = `${namespace}/${name}`;
  await storeGitHubToken(suite, key);
  const auth = { token: { secretRef: { name } } };
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, { auth, ...spec }));
  return key;
}

async function register(name: string): Promise<string> {
  const key = await create(name);
  await see(key, { Ready: 'True/Ready' });
  return key;
}

/** Stores a new token, and waits until CodeMie has it in the row of that id. */
async function rotate(key: string, id: string): Promise<void> {
  const token = suite.secret('ghp_');
  suite.world.github.addToken({ token, login: 'octocat' });
  await suite.cluster.setSecret(key, 'token', token);
  await suite.cluster.waitFor(
    'CodeMie to have the new token',
    async () => held(key).values['token'] === token,
  );
  expect(held(key).id).toBe(id);
}

const hidden = [
  { name: "a member's personal integration", fields: { type: 'user' as const } },
  { name: 'a global one', fields: { type: 'user' as const, isGlobal: true } },
  { name: 'an integration of another type', fields: { credentialType: 'Jira' } },
];

/** Waits until the status records the last write, and returns its time. */
async function recorded(key: string): Promise<string> {
  return suite.cluster.waitFor('the status to tell of the last write', async () => {
    const { status } = await see(key, {});
    return status.registration?.remoteUpdatedAt === held(key).updatedAt && held(key).updatedAt;
  });
}

/** Puts a row into CodeMie that the operator does not list. */
function hide(alias: string, fields: (typeof hidden)[number]['fields']): SettingRow {
  return suite.world.codemie.seed({ project: 'demo', alias, values: { url: 'x' }, user: member, ...fields });
}

function visible(alias: string): SettingRow {
  const values = { url: 'https://github.com', name: 'bot', token: suite.secret('seeded') };
  return suite.world.codemie.seed({ project: 'demo', alias, values, user: member });
}

/** Makes an update move its row behind the others, so that the second one meets what was made in the meantime. */
function updatesGoLast(): void {
  suite.world.codemie.updatesGoLast(true);
  onTestFinished(() => suite.world.codemie.updatesGoLast(false));
}

describe('an alias that someone else also uses', () => {
  it.each(hidden)('($name) keeps no new token from CodeMie', async ({ name, fields }) => {
    updatesGoLast();
    const key = await register(`rotated-${hidden.findIndex((each) => each.name === name)}`);
    const { id, values } = held(key);
    const other = hide(key, fields);
    const before = updates(key);
    await rotate(key, id);
    await rotate(key, id);
    expect(updates(key)).toBe(before + 3);
    await reconciled(suite.cluster, key, { Ready: 'True/Ready', Stalled: '' });
    const { token: _new, ...others } = held(key).values;
    const { token: _old, ...othersBefore } = values;
    expect(others).toEqual(othersBefore);
    expect(held(key)).toMatchObject({ alias: key, project: 'demo' });
    expect(suite.world.codemie.rows()).toContain(other);
  });

  it('keeps no correction of what was changed from CodeMie', async () => {
    updatesGoLast();
    const key = await register('drifted');
    const { id, values } = held(key);
    hide(key, { type: 'user' });
    await rotate(key, id);
    await recorded(key);
    const row = suite.world.codemie.rows().find((each) => each.id === id);
    if (!row) throw new Error('The row is gone.');
    row.credential_values = row.credential_values.filter((each) => each.key !== 'url');
    row.update_date = '2099-01-01T00:00:00.000001';
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(Object.keys(held(key).values).toSorted()).toEqual(Object.keys(values).toSorted());
    expect(held(key)).toMatchObject({ id, values: { url: 'https://github.com' } });
  });

  it('does not prevent the adoption of an integration', async () => {
    const key = `${namespace}/adopted`;
    hide(key, { type: 'user' });
    const { id } = visible(key);
    await create('adopted', { adoptionPolicy: 'IfUnowned' });
    const seen = await see(key, { Ready: 'True/Ready', Registered: 'True/Adopted' });
    expect(seen.status.registration?.id).toBe(id);
    expect(rowsOf(suite.world, key).map((row) => row.id)).toEqual([id]);
  });
});

describe('a new alias that is taken', () => {
  it.each([
    {
      name: "by a member's personal integration",
      take: (alias: string) => hide(alias, { type: 'user' }),
      by: "something that is no Git integration of the project: a member's personal integration, or one of another type",
    },
    { name: 'by an integration of the project', take: visible, by: 'another integration' },
  ])('$name leaves the old one, with new tokens, until it is free', async ({ name, take, by }) => {
    const key = await register(name.includes('member') ? 'renamed' : 'renamed-too');
    const { id } = held(key);
    const wanted = `${key} renamed`;
    const other = take(wanted);
    await set(key, 'alias', wanted);
    const seen = await see(key, { Ready: 'False/AliasConflict', Stalled: 'True/AliasConflict' });
    expect(seen.condition('Ready').message).toBe(
      `The integration can't be renamed to "${wanted}" in project "demo", where the alias is taken by ${by}; it stays "${key}" and gets new credentials. Choose another alias, or have the other one renamed or removed in CodeMie.`,
    );
    await rotate(key, id);
    expect(held(key).alias).toBe(key);
    // What is there already is not written again.
    const updatedAt = await recorded(key);
    await reconciled(suite.cluster, key, { Ready: 'False/AliasConflict' });
    expect(held(key).updatedAt).toBe(updatedAt);

    suite.world.codemie.remove(other.id);
    await see(key, { Ready: 'True/Ready', Stalled: '' });
    expect(held(key)).toMatchObject({ id, alias: wanted });
  });
});

describe('a new integration', () => {
  it.each(hidden)('whose alias has $name waits until it is free', async ({ name, fields }) => {
    const number = hidden.findIndex((each) => each.name === name);
    const key = `${namespace}/new-${number}`;
    const other = hide(key, fields);
    await create(`new-${number}`, { adoptionPolicy: 'Always' });
    const seen = await see(key, { Ready: 'False/AliasConflict', Stalled: 'True/AliasConflict' });
    expect(seen.condition('Ready').message).toBe(
      `The alias "${key}" of project "demo" is taken by something that is no Git integration of the project: a member's personal integration, or one of another type. Choose another alias, or have the other one renamed or removed in CodeMie.`,
    );
    expect(suite.world.codemie.rows()).toContain(other);
    suite.world.codemie.remove(other.id);
    // No request triggers it, and syncInterval is ten minutes.
    await see(key, { Ready: 'True/Ready', Stalled: '' });
    expect(rowsOf(suite.world, key)).toHaveLength(1);
  });

  it('adopts what a user created a moment before', async () => {
    await register('listed-just-now');
    const key = `${namespace}/made-just-now`;
    const { id } = visible(key);
    await create('made-just-now', { adoptionPolicy: 'IfUnowned' });
    const seen = await see(key, { Ready: 'True/Ready', Registered: 'True/Adopted' });
    expect(seen.status.registration).toMatchObject({ id, origin: 'Adopted' });
  });

  it('reports what a user created a moment before, and does not touch it', async () => {
    await register('listed-just-now-too');
    const key = `${namespace}/made-just-now-too`;
    const row = visible(key);
    const before = structuredClone(row);
    await create('made-just-now-too');
    const seen = await see(key, { Ready: 'False/AliasConflict' });
    expect(seen.condition('Ready').message).toBe(
      `Project "demo" already has an integration "${key}" that was created outside of this operator. Choose another alias, or set adoptionPolicy: IfUnowned to adopt it.`,
    );
    expect(row).toEqual(before);
  });

  it('adopts none of two that have its alias, and the one that is left', async () => {
    const key = `${namespace}/twice`;
    const [first, second] = [visible(key), visible(key)];
    await create('twice', { adoptionPolicy: 'IfUnowned' });
    const seen = await see(key, { Ready: 'False/AliasConflict', Stalled: 'True/AliasConflict' });
    expect(seen.condition('Ready').message).toBe(
      `Project "demo" has 2 integrations called "${key}" in CodeMie. Choose another alias, or remove all but one of them in CodeMie; adoptionPolicy then decides about that one.`,
    );
    suite.world.codemie.remove(first.id);
    const adopted = await see(key, { Ready: 'True/Ready', Registered: 'True/Adopted' });
    expect(adopted.status.registration?.id).toBe(second.id);
  });
});
