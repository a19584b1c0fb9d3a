import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonPatchOp } from '../../src/kube/client.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import { gitHubIntegration, reconciled, storeGitHubToken, waitForConnection } from './objects.ts';
import { ready, stalled } from './outcome.ts';
import { useSuite } from './suite.ts';
import { heldByCodeMie, listen } from './traffic.ts';

const suite = useSuite();
let namespace: string;

beforeAll(async () => {
  namespace = await readyTeam();
});

async function readyTeam(): Promise<string> {
  const name = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${name}/own`, { Ready: 'True/Ready' });
  return name;
}

const user = 'GET api.github.com/user';
const rows = 'codemie.example.com/code-assistant-api/v1/settings/project';

/** Creates an integration with its own token, and waits until it is Ready. */
async function registered(key: ObjectKey): Promise<ReturnType<typeof heldByCodeMie>> {
  const [, name = ''] = key.split('/');
  await storeGitHubToken(suite, key);
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, { auth: tokenIn(name) }));
  await suite.cluster.waitForConditions(key, ready);
  return heldByCodeMie(suite.world, key);
}

const tokenIn = (name: string) => ({ token: { secretRef: { name } } });

/** A token that GitHub knows, with these scopes; undefined: one that it does not know. */
function newToken(scopes?: readonly string[]): string {
  const token = suite.secret('ghp_');
  if (scopes) suite.world.github.addToken({ token, login: 'octocat', scopes });
  return token;
}

const enough = ['repo', 'project'];

/** Waits until CodeMie has the value under the name, and returns the row. */
function whenHeld(key: ObjectKey, name: string, value: string): Promise<ReturnType<typeof heldByCodeMie>> {
  return suite.cluster.waitFor(`CodeMie to have another ${name}`, async () => {
    const held = heldByCodeMie(suite.world, key);
    return held.values[name] === value && held;
  });
}

describe('a new token in the Secret', () => {
  it('replaces the old one in CodeMie, in the same row', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/rotated`;
    const before = await registered(key);
    const token = newToken(enough);
    const heard = listen(world);
    await cluster.setSecret(key, 'token', token);
    const after = await whenHeld(key, 'token', token);
    expect(after).toEqual({ ...before, updatedAt: after.updatedAt, values: { ...before.values, token } });
    await cluster.waitForConditions(key, ready);
    expect(heard()).toEqual([user, `PUT ${rows}/${before.id}`]);
  });

  const bad: [string, string, () => string, string[]][] = [
    ['that GitHub does not know', 'Unauthorized', () => newToken(), [user]],
    ['without its scopes', 'MissingPermissions', () => newToken([]), [user]],
    ['that is empty', 'SecretValueInvalid', () => '', []],
  ];

  it.each(bad)('%s never replaces the old one', async (_, reason, make, calls) => {
    const { cluster, world } = suite;
    const key = `${namespace}/kept-${reason.toLowerCase()}`;
    const before = await registered(key);
    const heard = listen(world);
    await cluster.setSecret(key, 'token', make());
    const wanted = { ...stalled(reason), Registered: 'True/Registered' };
    // Another controller may be about to fill an empty value in.
    const awaited = reason === 'SecretValueInvalid' && { Stalled: '' };
    const seen = await cluster.waitForConditions(key, { ...wanted, ...awaited });
    expect(seen.condition('Ready').message).toMatch(
      /\w \(CodeMie keeps the credential that was registered last\)\.$/,
    );
    expect(seen.status.credential?.account).toBe('octocat');
    expect(heldByCodeMie(world, key)).toEqual(before);
    expect(heard()).toEqual(calls);

    const good = newToken(enough);
    await cluster.setSecret(key, 'token', good);
    const after = await whenHeld(key, 'token', good);
    expect(after.id).toBe(before.id);
    const mended = await cluster.waitForConditions(key, ready);
    expect(mended.condition('Ready').message).not.toContain('registered last');
  });

  it('waits for its proof, however long GitHub is away', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/unproven`;
    const before = await registered(key);
    world.internet.setFault('api.github.com', { kind: 'refuse' });
    const token = newToken(enough);
    await cluster.setSecret(key, 'token', token);
    await cluster.waitForConditions(key, {
      Ready: 'True/Ready',
      Reconciling: 'True/ProviderUnreachable',
      CredentialsValid: 'Unknown/ProviderUnreachable',
    });
    expect(heldByCodeMie(world, key)).toEqual(before);
    world.internet.setFault('api.github.com', undefined);
    const after = await whenHeld(key, 'token', token);
    expect(after.id).toBe(before.id);
  });
});

describe('in the row that CodeMie has', () => {
  it('a token becomes an App, its key is rotated, and it becomes a token again', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/changing`;
    const before = await registered(key);
    const [first, second] = [suite.privateKey(), suite.privateKey()];
    world.github.addApp({ id: 4711, privateKey: first });
    const installation = world.github.addInstallation({ appId: 4711, account: 'acme' });

    await cluster.createSecret(`${key}-app`, { privateKey: first });
    const githubApp = { appID: 4711, privateKeySecretRef: { name: 'changing-app' } };
    await cluster.patch(kinds.integration, key, [
      { op: 'replace', path: '/spec/auth', value: { githubApp } },
    ]);
    const asApp = await whenHeld(key, 'private_key', first);
    expect(asApp).toMatchObject({ id: before.id, alias: before.alias });
    expect(asApp.values).toEqual({
      url: 'https://github.com',
      auth_type: 'github_app',
      app_id: '4711',
      private_key: first,
      installation_id: String(installation.id),
      managed_by: before.values['managed_by'],
    });

    world.github.setAppKey(4711, second);
    await cluster.setSecret(`${key}-app`, 'privateKey', second);
    const rotated = await whenHeld(key, 'private_key', second);
    expect(rotated.id).toBe(before.id);

    const auth = tokenIn('changing');
    await cluster.patch(kinds.integration, key, [{ op: 'replace', path: '/spec/auth', value: auth }]);
    const asToken = await whenHeld(key, 'auth_type', 'pat');
    expect(asToken).toEqual({ ...before, updatedAt: asToken.updatedAt });
    const seen = await cluster.waitForConditions(key, { ...ready, InstallationResolved: '' });
    expect(seen.status.installation).toBeUndefined();
  });

  it('the alias is changed', async () => {
    const { cluster, world } = suite;
    const key = `${namespace}/renamed`;
    const before = await registered(key);
    await cluster.patch(kinds.integration, key, [
      { op: 'replace', path: '/spec/alias', value: 'another name' },
    ]);
    const { status } = await cluster.waitForConditions(key, ready);
    const after = heldByCodeMie(world, key);
    expect(after).toEqual({ ...before, alias: 'another name', updatedAt: after.updatedAt });
    expect(status.registration).toMatchObject({ id: before.id, alias: 'another name' });
  });
});

/** Sums the samples of a metric whose line matches. */
function sum(metrics: string, sample: RegExp): number {
  const lines = metrics.split('\n').filter((line) => sample.test(line));
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

const passesOf = (metrics: string) =>
  sum(metrics, /^controller_runtime_reconcile_total\{controller="gitintegration"/);
/** Writes to the API server. A Lease is renewed whatever happens. */
const writesOf = (metrics: string) =>
  sum(metrics, /^rest_client_requests_total\{verb="(?!get|list|watch)\w+",resource="(?!leases)/);

describe('what changes nothing', () => {
  let own: string;
  let key: ObjectKey;

  beforeAll(async () => {
    const { cluster } = suite;
    own = await readyTeam();
    key = `${own}/idle`;
    await registered(key);
    // What follows the registration: the events, and the count of the connection.
    await cluster.waitFor('the connection to count it', async () => {
      const connection = await cluster.get(kinds.connection, `${own}/own`);
      return JSON.stringify(connection?.['status']).includes('"integrations":1');
    });
    await cluster.waitFor('its event', async () =>
      (await cluster.list(kinds.event, own)).some(({ metadata }) => metadata.name.startsWith('idle.')),
    );
  });

  const add = (path: string, value: unknown): JsonPatchOp[] => [{ op: 'add', path, value }];
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it.each<[string, () => Promise<unknown>]>([
    [
      'a label of the Secret',
      () => suite.cluster.patch(kinds.secret, key, add('/metadata/labels', { team: 'a' })),
    ],
    [
      'another key of the Secret',
      () => suite.cluster.patch(kinds.secret, key, add('/data/other', base64('value'))),
    ],
    [
      'a newline behind the token',
      () => {
        const { values } = heldByCodeMie(suite.world, key);
        return suite.cluster.setSecret(key, 'token', `${String(values['token'])}\n`);
      },
    ],
    [
      'an annotation of the object',
      () => suite.cluster.patch(kinds.integration, key, add('/metadata/annotations', { team: 'a' })),
    ],
  ])('%s leads to a reconcile that writes nothing', async (_, change) => {
    const { cluster, world } = suite;
    const heard = listen(world);
    const before = await suite.operator.metrics();
    const held = heldByCodeMie(world, key);
    const status = (await cluster.get(kinds.integration, key))?.['status'];
    await change();
    const after = await cluster.waitFor('a pass', async () => {
      const metrics = await suite.operator.metrics();
      return passesOf(metrics) > passesOf(before) && metrics;
    });
    expect(writesOf(after) - writesOf(before)).toBe(0);
    expect((await cluster.get(kinds.integration, key))?.['status']).toEqual(status);
    expect(heldByCodeMie(world, key)).toEqual(held);
    expect(heard()).toEqual([]);
  });

  it('a request asks the provider again, and writes that it did', async () => {
    const { cluster, world } = suite;
    const held = heldByCodeMie(world, key);
    const heard = listen(world);
    const before = await suite.operator.metrics();
    await reconciled(cluster, key, ready);
    expect(heard()).toEqual([user]);
    expect(heldByCodeMie(world, key)).toEqual(held);
    expect(writesOf(await suite.operator.metrics()) - writesOf(before)).toBe(1);
  });

  it('a restart costs one call per credential, and writes nothing', async () => {
    const { cluster, world } = suite;
    const object = await cluster.get(kinds.integration, key);
    const held = heldByCodeMie(world, key);
    const all = [...(await cluster.list(kinds.integration, namespace)), object];
    await suite.operator.stop();
    const heard = listen(world);
    suite.operator = await suite.start();
    // Each has its own token here.
    const calls = all.map(() => user);
    await cluster.waitFor('a pass of each', async () => {
      const passes = passesOf(await suite.operator.metrics());
      return passes >= calls.length && heard().length >= calls.length;
    });
    expect(heard()).toEqual(calls);
    expect(await cluster.get(kinds.integration, key)).toEqual(object);
    expect(heldByCodeMie(world, key)).toEqual(held);
  });
});

describe('a token that has expired', () => {
  it('is called so after a restart too, and a wrong one in its place is not', async () => {
    const { cluster, world } = suite;
    const own = await readyTeam();
    const key = `${own}/ended`;
    const token = suite.secret('ghp_');
    const inHalfAnHour = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1_800_000);
    world.github.addToken({ token, login: 'octocat', expiresAt: inHalfAnHour });
    await cluster.createSecret(key, { token });
    await cluster.create(kinds.integration, gitHubIntegration(key, { auth: tokenIn('ended') }));
    const { status } = await cluster.waitForConditions(key, ready);
    expect(status.credential?.digest).toMatch(/^[0-9a-f]{32}$/);

    await suite.operator.stop();
    world.github.expireToken(token);
    suite.operator = await suite.start({
      env: { ...world.operatorEnv, CLOCK_STEP_MS: String(3_600_000) },
      preload: import.meta.resolve('../harness/clock-step.ts'),
    });
    await cluster.waitForConditions(key, { ...stalled('Expired'), Registered: 'True/Registered' });

    await cluster.setSecret(key, 'token', newToken());
    await cluster.waitForConditions(key, { ...stalled('Unauthorized'), Registered: 'True/Registered' });
  });
});
