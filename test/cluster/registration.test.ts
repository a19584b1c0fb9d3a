import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import { drop, type FaultOutcome, gatewayError, insertFailure } from '../harness/peers/codemie/faults.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  reconciled,
  rowsOf,
  storeGitHubToken,
  waitForEvent,
} from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite({ projects: ['demo', 'second'] });
const settingsPath = '/v1/settings/project';
/** A user of CodeMie's web form. */
let person: CodeMieUser;

beforeAll(() => {
  person = suite.world.codemie.addUser({ username: 'person', projectAdminOf: ['demo'] });
});

/** A namespace with a connection and a token, and the key of an integration that may be made there. */
async function prepare(): Promise<{ namespace: string; key: string; token: string }> {
  const namespace = await suite.team();
  return {
    namespace,
    key: `${namespace}/acme`,
    token: await storeGitHubToken(suite, `${namespace}/token`),
  };
}

const create = (key: string, spec?: Record<string, unknown>) =>
  suite.cluster.create(kinds.integration, gitHubIntegration(key, spec));
const setSpec = (key: string, field: string, value: unknown) =>
  suite.cluster.patch(kinds.integration, key, [{ op: 'add', path: `/spec/${field}`, value }]);
const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
const rowsCalled = (alias: string) => suite.world.codemie.rows().filter((row) => row.alias === alias);
const valueOf = (row: SettingRow | undefined, key: string) =>
  row?.credential_values.find((value) => value.key === key)?.value;
/** How many creates were tried so far for an integration, which names itself in the row. */
const creates = (key: string) =>
  suite.world.codemie.requests.filter(
    (request) =>
      request.method === 'POST' && request.path.endsWith(settingsPath) && request.body().includes(key),
  ).length;

/** Puts a row into project `demo`, as if a user had created it there. */
function seed(alias: string, values: Record<string, unknown> = {}, user = person): SettingRow {
  const own = { url: 'https://github.com', name: 'bot', token: suite.secret('seeded') };
  return suite.world.codemie.seed({ project: 'demo', alias, values: { ...own, ...values }, user });
}

describe('an alias that two GitIntegrations want', () => {
  it.each([
    {
      name: 'is deleted',
      give: (key: string) => suite.cluster.delete(kinds.integration, key),
    },
    {
      name: 'takes another one',
      give: (key: string) => setSpec(key, 'alias', `${key} renamed`),
    },
    {
      name: 'has taken another one, after a while in which CodeMie still shows the old one',
      async give(key: string, other: string) {
        const before = async () => void (await see(other, { Ready: 'False/OwnedByOther' }));
        suite.world.codemie.faults.add({ method: 'PUT', path: /project/, before });
        await setSpec(key, 'alias', `${key} renamed`);
      },
    },
  ])('belongs to the first, until that $name', async (row) => {
    const { namespace, key: first } = await prepare();
    const second = `${namespace}/second`;
    const alias = `alias of ${namespace}`;
    await create(first, { alias });
    await see(first, { Ready: 'True/Ready' });
    await create(second, { alias });
    const loser = await see(second, { Ready: 'False/AliasConflict', Registered: 'False/AliasConflict' });
    expect(loser.condition('Ready').message).toBe(
      `GitIntegration "acme" already manages the integration "${alias}" of project "demo". Choose another alias, or delete one of the two.`,
    );
    expect(rowsCalled(alias)).toEqual(rowsOf(suite.world, first));

    await row.give(first, second);
    await see(second, { Ready: 'True/Ready', Stalled: '' });
    expect(rowsCalled(alias)).toHaveLength(1);
    expect(rowsCalled(alias)).toEqual(rowsOf(suite.world, second));
  });

  it('belongs to one of them when both come at once, and neither learns of another namespace', async () => {
    const [one, other] = [await prepare(), await prepare()];
    const name = await makeClusterConnection(suite, {
      consumers: [{ namespaces: [one.namespace, other.namespace], projects: ['demo'] }],
    });
    const spec = { alias: `alias through ${name}`, connectionRef: { name } };
    await Promise.all([create(one.key, spec), create(other.key, spec)]);
    const ends = [one.key, other.key].map(async (key) => ({ key, seen: await settled(key) }));
    const [winner, loser] = (await Promise.all(ends)).toSorted((a) => (a.seen.is('Ready', 'True') ? -1 : 1));
    expect(winner?.seen.condition('Ready').reason).toBe('Ready');
    expect(loser?.seen.condition('Ready').reason).toMatch(/^(AliasConflict|OwnedByOther)$/);
    expect(loser?.seen.condition('Ready').message).not.toContain(winner?.key.split('/')[0]);
    expect(rowsCalled(spec.alias)).toEqual(rowsOf(suite.world, winner?.key ?? ''));
    await reconciled(suite.cluster, loser?.key ?? '', { Ready: 'False/AliasConflict' });
    await reconciled(suite.cluster, winner?.key ?? '', { Ready: 'True/Ready' });
  });
});

/** The object once Ready is True or False. */
async function settled(key: string) {
  return suite.cluster.waitFor(`${key} to settle`, async () => {
    const seen = await see(key, {});
    return !seen.is('Ready', '') && !seen.is('Ready', 'Unknown') && seen;
  });
}

describe('an alias that CodeMie has already', () => {
  it.each([
    {
      name: 'that a user created',
      values: {},
      refused: ['Never'],
      reason: 'AliasConflict',
      policy: 'IfUnowned',
      says: 'was created outside of this operator. Choose another alias, or set adoptionPolicy: IfUnowned',
    },
    {
      name: 'of another cluster',
      values: { managed_by: 'codemie-git-operator/elsewhere/team-x/acme' },
      refused: ['Never', 'IfUnowned'],
      reason: 'OwnedByOther',
      policy: 'Always',
      says: 'belongs to another operator or GitIntegration. Choose another alias, or set adoptionPolicy: Always',
    },
  ])('and $name is adopted under $policy only', async ({ values, refused, reason, policy, says }) => {
    const { key, token } = await prepare();
    const row = seed(key, values);
    const before = structuredClone(row);
    await create(key, { adoptionPolicy: 'Never' });
    for (const adoptionPolicy of refused) {
      await setSpec(key, 'adoptionPolicy', adoptionPolicy);
      const seen = await see(key, { Ready: `False/${reason}`, Stalled: `True/${reason}` });
      expect(seen.condition('Registered').message).toContain(says);
      expect(seen.condition('Registered').message).not.toContain('team-x');
    }
    expect(row).toEqual(before);

    await setSpec(key, 'adoptionPolicy', policy);
    const seen = await see(key, { Ready: 'True/Ready', Registered: 'True/Adopted', Stalled: '' });
    expect(seen.status.registration).toMatchObject({ id: before.id, origin: 'Adopted' });
    expect(rowsCalled(key)).toEqual(rowsOf(suite.world, key));
    expect(valueOf(rowsCalled(key)[0], 'token')).toBe(token);
    expect(valueOf(rowsCalled(key)[0], 'managed_by')).toBe(`codemie-git-operator/${suite.system}/${key}`);
  });
});

describe('what someone changes in CodeMie', () => {
  const put = (row: SettingRow, key: string, value: unknown) => {
    row.credential_values = [
      ...row.credential_values.filter((each) => each.key !== key),
      ...(value === undefined ? [] : [{ key, value }]),
    ];
  };
  /** CodeMie stamps every change. */
  const stamp = (row: SettingRow) => {
    row.update_date = '2099-01-01T00:00:00.000001';
  };

  it.each([
    { name: 'the URL', field: 'url', change: (row: SettingRow) => put(row, 'url', 'https://evil.example') },
    { name: 'the user name', field: 'name', change: (row: SettingRow) => put(row, 'name', 'somebody') },
    { name: 'the token, to none', field: 'token', change: (row: SettingRow) => put(row, 'token', undefined) },
    {
      name: 'the token, to another',
      field: 'content',
      change: (row: SettingRow) => put(row, 'token', 'x'),
    },
    { name: 'the alias', field: 'alias', change: (row: SettingRow) => void (row.alias += ' by hand') },
    { name: 'a key more', field: 'ssl', change: (row: SettingRow) => put(row, 'ssl', 'off') },
    {
      name: 'our mark, to none',
      field: 'managed_by',
      change: (row: SettingRow) => put(row, 'managed_by', undefined),
    },
  ])('($name) is undone, or only reported', async ({ field, change }) => {
    const { key } = await prepare();
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready' });
    const row = suite.world.codemie.rows().find(({ id }) => id === status.registration?.id);
    if (!row) throw new Error('CodeMie has no row of the id in the status.');
    const values = row.credential_values.toSorted(byKey);

    change(row);
    stamp(row);
    await reconciled(suite.cluster, key, { Ready: 'True/Ready', Drifted: '' });
    expect(await waitForEvent(suite.cluster, key, 'DriftCorrected')).toBe(
      `Someone changed ${field} of the integration in CodeMie. It was written again.`,
    );
    expect(row).toMatchObject({ id: status.registration?.id, alias: key });
    expect(row.credential_values.toSorted(byKey)).toEqual(values);

    await setSpec(key, 'driftPolicy', 'Report');
    change(row);
    stamp(row);
    const changed = structuredClone(row);
    const told = await reconciled(suite.cluster, key, { Ready: 'True/Ready', Drifted: 'True/Changed' });
    expect(told.condition('Drifted').message).toContain(`Someone changed ${field} of the integration`);
    expect(row).toEqual(changed);
    await setSpec(key, 'driftPolicy', 'Correct');
    await see(key, { Ready: 'True/Ready', Drifted: '' });
    expect(row.credential_values.toSorted(byKey)).toEqual(values);
  });

  it('(all of it, to nothing) is undone, or only reported', async () => {
    const { key } = await prepare();
    const { codemie } = suite.world;
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready' });
    codemie.remove(status.registration?.id ?? '');
    const again = await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key).map(({ id }) => id)).toEqual([again.status.registration?.id]);
    expect(await waitForEvent(suite.cluster, key, 'DriftCorrected')).toBe(
      `CodeMie no longer lists integration ${status.registration?.id}: it was removed, or transferred to a project that the connection's login does not administer. The integration was created again.`,
    );

    await setSpec(key, 'driftPolicy', 'Report');
    codemie.remove(again.status.registration?.id ?? '');
    const seen = await reconciled(suite.cluster, key, {
      Ready: 'False/Removed',
      Registered: 'False/Removed',
      Drifted: 'True/Removed',
    });
    expect(seen.condition('Ready').message).toContain(
      `CodeMie no longer lists the integration "${key}" of project "demo": it was removed, or transferred to a project that the connection's login does not administer.`,
    );
    expect(rowsOf(suite.world, key)).toEqual([]);
    await setSpec(key, 'driftPolicy', 'Correct');
    await see(key, { Ready: 'True/Ready', Drifted: '' });
    expect(rowsOf(suite.world, key)).toHaveLength(1);
  });

  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
});

describe('several rows with our mark', () => {
  const markOf = (key: string) => ({ managed_by: `codemie-git-operator/${suite.system}/${key}` });

  it('become the one that is remembered', async () => {
    const { key } = await prepare();
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready' });
    seed(key, markOf(key));
    seed(`${key} of old`, markOf(key));
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key).map(({ id }) => id)).toEqual([status.registration?.id]);
  });

  it('become the oldest where nothing is remembered, without another create', async () => {
    const { key, token } = await prepare();
    const oldest = seed(key, markOf(key));
    seed(key, markOf(key));
    const before = creates(key);
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready', Registered: 'True/Registered' });
    expect(status.registration).toMatchObject({ id: oldest.id, origin: 'Created' });
    expect(rowsOf(suite.world, key)).toEqual([oldest]);
    expect(valueOf(oldest, 'token')).toBe(token);
    expect(creates(key)).toBe(before);
  });
});

describe('a write whose outcome CodeMie does not report', () => {
  it.each<{ name: string; outcome: FaultOutcome; posts: number }>([
    { name: 'answered 500 and done', outcome: gatewayError(500, 'afterCommit'), posts: 1 },
    { name: 'answered 504 and done', outcome: gatewayError(504, 'afterCommit'), posts: 1 },
    { name: 'never answered and done', outcome: drop('afterCommit'), posts: 1 },
    { name: 'answered 502 and not done', outcome: gatewayError(502, 'beforeCommit'), posts: 2 },
    { name: 'never answered and not done', outcome: drop('beforeCommit'), posts: 2 },
    { name: 'answered 422 with all that was sent', outcome: insertFailure(), posts: 2 },
  ])('($name) makes one row', async ({ outcome, posts }) => {
    const { key } = await prepare();
    const before = creates(key);
    suite.world.codemie.faults.add({ method: 'POST', path: settingsPath, outcome });
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready' });
    expect(creates(key) - before).toBe(posts);
    expect(rowsCalled(key).map(({ id }) => id)).toEqual([status.registration?.id]);
  });

  it('(an update, dropped after it was done) keeps the id', async () => {
    const { key } = await prepare();
    await create(key);
    const { status } = await see(key, { Ready: 'True/Ready' });
    const outcome = drop('afterCommit');
    suite.world.codemie.faults.add({ method: 'PUT', path: /project/, outcome });
    await setSpec(key, 'alias', `${key} renamed`);
    await see(key, { Ready: 'True/Ready', Reconciling: '' });
    expect(rowsOf(suite.world, key)).toMatchObject([
      { id: status.registration?.id, alias: `${key} renamed` },
    ]);
  });
});

describe('two integrations of one project for one host', () => {
  it('are both reported, and the one that is left is no longer', async () => {
    const { cluster } = suite;
    const { namespace, key: older } = await prepare();
    const younger = `${namespace}/younger`;
    const spec = { project: 'second', alias: undefined };
    await create(older, spec);
    await see(older, { Ready: 'True/Ready', UsageLimited: '' });
    await create(younger, spec);
    for (const key of [older, younger])
      await see(key, { Ready: 'True/Ready', UsageLimited: 'True/AmbiguousURL' });
    await cluster.delete(kinds.integration, younger);
    const alone = await see(older, { Ready: 'True/Ready', UsageLimited: '' });
    expect(alone.status.registration?.id).toBe(rowsOf(suite.world, older)[0]?.id);
  });
});
