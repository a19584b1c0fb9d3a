import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import type { CodeMieUser } from '../harness/peers/codemie/directory.ts';
import { drop, type FaultOutcome, gatewayError } from '../harness/peers/codemie/faults.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import {
  discard,
  gitHubIntegration,
  reconciled,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
  waitForEvent,
} from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
let person: CodeMieUser;
/** An integration whose connection signed in when the file began. */
let old: Registered & { signedInAt: number };

beforeAll(async () => {
  person = suite.world.codemie.addUser({ username: 'person', projectAdminOf: ['demo'] });
  old = { ...(await register()), signedInAt: performance.now() };
});

interface Registered {
  namespace: string;
  key: string;
  row: SettingRow;
}

/** An integration that is Ready, with its row. */
async function register(spec: Record<string, unknown> = {}): Promise<Registered> {
  const namespace = await suite.team();
  const key = `${namespace}/acme`;
  await storeGitHubToken(suite, `${namespace}/token`);
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, spec));
  const { status } = await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
  const row = suite.world.codemie.rows().find(({ id }) => id === status.registration?.id);
  if (!row) throw new Error('CodeMie has no row of the id in the status.');
  return { namespace, key, row };
}

const remove = (key: string) => suite.cluster.delete(kinds.integration, key);
const gone = (key: string) => suite.cluster.waitForGone(kinds.integration, key);
const see = (key: string, wanted: Record<string, string>) => suite.cluster.waitForConditions(key, wanted);
const setSpec = (key: string, field: string, value: unknown) =>
  suite.cluster.patch(kinds.integration, key, [{ op: 'add', path: `/spec/${field}`, value }]);
const inCodeMie = ({ row }: Registered) => suite.world.codemie.rows().includes(row);

describe('a GitIntegration that is deleted', () => {
  it.each<{ name: string; before: (made: Registered) => unknown; stays?: boolean }>([
    { name: 'takes its row along', before: () => {} },
    {
      name: 'leaves its row there under deletionPolicy Orphan',
      before: ({ key }) => setSpec(key, 'deletionPolicy', 'Orphan'),
      stays: true,
    },
    {
      name: 'takes its row along while it is suspended',
      async before({ key }) {
        await setSpec(key, 'suspend', true);
        await see(key, { Ready: 'True/Suspended' });
      },
    },
    {
      name: 'needs no Git Secret',
      async before({ namespace, key }) {
        await suite.cluster.delete(kinds.secret, `${namespace}/token`);
        await see(key, { Ready: 'False/SecretNotFound' });
      },
    },
    {
      name: 'takes along all rows with its mark',
      before: ({ key, row }) => {
        const values = Object.fromEntries(row.credential_values.map((each) => [each.key, each.value]));
        suite.world.codemie.seed({ project: 'demo', alias: `${key} 2`, values, user: person });
      },
    },
    {
      name: 'finds its row by its id where a user has removed the mark',
      before: ({ row }) => {
        row.credential_values = row.credential_values.filter(({ key }) => key !== 'managed_by');
      },
    },
    {
      name: 'leaves the row to the one who has put his mark there',
      before: ({ row }) => {
        for (const each of row.credential_values) if (each.key === 'managed_by') each.value = 'another';
      },
      stays: true,
    },
    { name: 'goes when its row went before', before: ({ row }) => suite.world.codemie.remove(row.id) },
  ])('$name', async ({ before, stays = false }) => {
    const made = await register();
    await before(made);
    await remove(made.key);
    await gone(made.key);
    expect(inCodeMie(made)).toBe(stays);
    expect(rowsOf(suite.world, made.key).filter((row) => row !== made.row)).toEqual([]);
  });

  it.each<{ name: string; outcome: FaultOutcome }>([
    { name: 'answers 500 and has deleted it', outcome: gatewayError(500, 'afterCommit') },
    { name: 'hangs up and has deleted it', outcome: drop('afterCommit') },
    { name: 'answers 500 and has not deleted it', outcome: gatewayError(500, 'beforeCommit') },
    { name: 'hangs up and has not deleted it', outcome: drop('beforeCommit') },
  ])('goes with its row when CodeMie $name', async ({ outcome }) => {
    const made = await register();
    suite.world.codemie.faults.add({ method: 'DELETE', outcome });
    await remove(made.key);
    await gone(made.key);
    expect(inCodeMie(made)).toBe(false);
  });

  it('goes at once, and touches nothing, when it never had a row', async () => {
    const { cluster, world } = suite;
    const namespace = await suite.team();
    const key = `${namespace}/acme`;
    await storeGitHubToken(suite, `${namespace}/token`);
    const row = world.codemie.seed({ project: 'demo', alias: key, values: { url: 'x' }, user: person });
    await cluster.create(kinds.integration, gitHubIntegration(key));
    await see(key, { Ready: 'False/AliasConflict' });
    await remove(key);
    expect(await cluster.get(kinds.integration, key)).toBeUndefined();
    expect(world.codemie.rows()).toContain(row);
  });

  it.each([
    {
      name: 'CodeMie is down',
      says: 'codemie.example.com',
      stop: () => suite.world.internet.setFault('codemie.example.com', { kind: 'refuse' }),
      start: () => suite.world.internet.setFault('codemie.example.com', undefined),
    },
    {
      name: 'its database is down',
      says: 'CodeMie does not accept the login of the connection.',
      stop: () => suite.world.codemie.setDatabase('down'),
      start: () => suite.world.codemie.setDatabase('up'),
    },
    {
      name: 'the login has lost its rights',
      says: 'is not an administrator of project "demo".',
      stop: () => void suite.world.login.projects.set('demo', false),
      start: () => void suite.world.login.projects.set('demo', true),
    },
  ])('waits while $name', async ({ says, stop, start }) => {
    const made = await register();
    stop();
    onTestFinished(start);
    await remove(made.key);
    const seen = await see(made.key, { Ready: 'Unknown/Deleting', Reconciling: 'True/Deleting' });
    expect(seen.condition('Ready').message).toContain('The integration is still in CodeMie: ');
    expect(seen.condition('Ready').message).toContain(says);
    expect(inCodeMie(made)).toBe(true);
    start();
    await gone(made.key);
    expect(inCodeMie(made)).toBe(false);
  });

  it('waits for the Secret of its connection', async () => {
    const made = await register();
    const { cluster, world } = suite;
    await cluster.delete(kinds.secret, `${made.namespace}/login`);
    await waitForConnection(cluster, kinds.connection, `${made.namespace}/own`, {
      Ready: 'False/SecretNotFound',
    });
    await remove(made.key);
    const seen = await see(made.key, { Ready: 'Unknown/Deleting' });
    expect(seen.condition('Ready').message).toContain('Secret "login" does not exist');
    await cluster.createSecret(`${made.namespace}/login`, { clientSecret: world.clientSecret });
    await gone(made.key);
    expect(inCodeMie(made)).toBe(false);
  });

  it.each([
    {
      name: 'its connection was torn away',
      says: 'because its connection is gone.',
      async before({ namespace, key }: Registered) {
        await discard(suite.cluster, kinds.connection, `${namespace}/own`);
        await see(key, { Ready: 'False/ConnectionNotFound' });
      },
    },
    {
      name: 'the login is no member of the project any more',
      says: "because its connection's login does not see the project any more.",
      async before() {
        suite.world.login.projects.delete('demo');
        onTestFinished(() => void suite.world.login.projects.set('demo', true));
      },
    },
  ])('loses its finalizer with a warning when $name', async ({ says, ...row }) => {
    const made = await register();
    await row.before(made);
    await remove(made.key);
    await gone(made.key);
    expect(await waitForEvent(suite.cluster, made.key, 'RegistrationOrphaned')).toBe(
      `Integration ${made.row.id} ("${made.key}") stays in CodeMie, ${says} Remove it there; its key managed_by is codemie-git-operator/${suite.system}/${made.key}.`,
    );
    expect(inCodeMie(made)).toBe(true);
    expect(await suite.operator.metrics()).toMatch(/registrations_orphaned_total [1-9]/);
  });
});

describe('a login without rights', () => {
  it('is not reported as a removal', async () => {
    const made = await register({ driftPolicy: 'Report' });
    suite.world.login.projects.set('demo', false);
    onTestFinished(() => void suite.world.login.projects.set('demo', true));
    const seen = await reconciled(suite.cluster, made.key, { Ready: 'False/AccessDenied', Drifted: '' });
    expect(seen.status.registration?.id).toBe(made.row.id);
    suite.world.login.projects.set('demo', true);
    await reconciled(suite.cluster, made.key, { Ready: 'True/Ready', Stalled: '' });
  });
});

describe('a login that CodeMie forgets', () => {
  it('is renewed once, in the middle of a write, and nothing is said about it', async () => {
    const { cluster, world } = suite;
    // A token that is younger is not renewed: another one would be refused too.
    await cluster.waitFor('the token to be old', async () => performance.now() - old.signedInAt > 31_000);
    const body = { error: { message: 'JWT has expired', details: null, help: null } };
    const outcome: FaultOutcome = { kind: 'answer', committed: false, status: 401, body };
    world.codemie.faults.add({ method: 'PUT', path: /project/, outcome });
    await setSpec(old.key, 'alias', `${old.key} renamed`);
    const seen = await see(old.key, { Ready: 'True/Ready', Registered: 'True/Registered', Reconciling: '' });
    expect(seen.status.registration).toMatchObject({ id: old.row.id, alias: `${old.key} renamed` });
    const puts = world.codemie.requests.filter(
      ({ method, path }) => method === 'PUT' && path.includes(old.row.id),
    );
    expect(puts.map(({ status }) => status)).toEqual([401, 200]);
    expect(new Set(puts.map((request) => request.header('authorization'))).size).toBe(2);
  });
});
