import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonPatchOp } from '../../src/kube/client.ts';
import { kinds } from '../harness/cluster.ts';
import type { CertificateProblem, ConnectionFault } from '../harness/peers/connection-fault.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  requestReconcile,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import { clientCredentials, type Suite, useSuite } from './suite.ts';

const person = {
  subject: randomUUID(),
  username: 'ada',
  email: 'ada@example.com',
  password: `canary ${randomUUID()}`,
};
/** CodeMie allows few local sign-ins from one address, so each case has a server. */
const localHosts = ['codemie-a.example.com', 'codemie-b.example.com'];
let localLogins = 0;
const suite = useSuite({ users: [person], furtherCodeMieHosts: localHosts });
const codemieHost = 'codemie.example.com';

/** A login: what the connection says, the Secret `own-login` that it reads, and who it is. */
interface Login {
  auth: object;
  secret: Record<string, string>;
  account: { name: string; admin: boolean };
  url: string;
}

const logins: Record<string, (suite: Suite) => Omit<Login, 'url'> & { url?: string }> = {
  clientCredentials: ({ world }) => ({
    auth: clientCredentials(world, 'own-login'),
    secret: { clientSecret: world.clientSecret },
    account: { name: world.login.name, admin: false },
  }),
  password: ({ world }) => ({
    auth: {
      password: {
        tokenURL: world.oidc.tokenUrl,
        usernameSecretRef: { name: 'own-login' },
        passwordSecretRef: { name: 'own-login' },
      },
    },
    secret: { username: person.username, password: person.password },
    account: { name: person.username, admin: false },
  }),
  localLogin: (own) => {
    const password = own.secret('local');
    const codemie = own.world.furtherCodeMies[localLogins];
    localLogins += 1;
    if (!codemie) throw new Error('Each server has been used.');
    const user = codemie.addUser({ username: `local-${randomUUID()}`, password });
    return {
      auth: {
        localLogin: { emailSecretRef: { name: 'own-login' }, passwordSecretRef: { name: 'own-login' } },
      },
      secret: { email: user.email, password },
      account: { name: user.name, admin: false },
      url: codemie.url,
    };
  },
  token: (own) => {
    const token = own.secret('token');
    const user = own.world.codemie.addUser({ username: `admin-${randomUUID()}`, isAdmin: true });
    own.world.codemie.addToken(token, user);
    return {
      auth: { token: { secretRef: { name: 'own-login' } } },
      secret: { token },
      account: { name: user.name, admin: true },
    };
  },
};

function login(name: string): Login {
  const make = logins[name];
  if (!make) throw new Error(`There is no login ${name}.`);
  return { url: suite.world.codemie.url, ...make(suite) };
}

/** Makes a CodeMieConnection in a new namespace and returns its key. */
async function connect(spec: Record<string, unknown>, secret?: Record<string, string>): Promise<string> {
  const namespace = await suite.cluster.createNamespace('connect');
  if (secret) await suite.cluster.createSecret(`${namespace}/own-login`, secret);
  await suite.cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace },
    spec: { url: suite.world.codemie.url, ...spec },
  });
  return `${namespace}/own`;
}

function certificate(problem: CertificateProblem): ConnectionFault {
  return { kind: 'certificate', problem };
}

const see = (key: string, wanted: Record<string, string>) =>
  waitForConnection(suite.cluster, kinds.connection, key, wanted);

describe('a CodeMieConnection', () => {
  it.each(Object.keys(logins).map((name) => ({ name })))('signs in with $name', async ({ name }) => {
    const { auth, secret, account, url } = login(name);
    const key = await connect({ auth, url }, secret);
    const { status } = await see(key, { Ready: 'True/Ready', Stalled: '', Reconciling: '' });
    expect(status).toMatchObject({ account, serverVersion: '0.16.0', integrations: 0 });
  });

  it.each([
    { name: 'clientCredentials', key: 'clientSecret', hint: 'rejects the client secret' },
    { name: 'password', key: 'password', hint: 'user name or the password is wrong' },
    { name: 'localLogin', key: 'password', hint: 'Check the Secret that auth.localLogin names' },
    { name: 'token', key: 'token', hint: 'Check auth and authHeader' },
  ])(
    'with a wrong $key for $name is Unauthorized until the Secret is corrected',
    async ({ name, key, hint }) => {
      const { auth, secret, url } = login(name);
      const connection = await connect({ auth, url }, { ...secret, [key]: suite.secret('wrong') });
      const { message } = await see(connection, {
        Ready: 'False/Unauthorized',
        Stalled: 'True/Unauthorized',
      });
      expect(message).toContain(hint);
      const [namespace] = connection.split('/');
      await suite.cluster.setSecret(`${namespace}/own-login`, key, secret[key] ?? '');
      await see(connection, { Ready: 'True/Ready', Stalled: '' });
    },
  );

  it.each([
    ['password', (value: string) => `"${value}"`, 'starts and ends with quotation marks, which are sent'],
    ['password', (value: string) => ` ${value}`, 'starts or ends with a blank'],
  ])('whose password for %s is stored oddly says so when it is rejected', async (name, store, says) => {
    const { auth, secret } = login(name);
    const { password = '' } = secret;
    const key = await connect({ auth }, { ...secret, password: store(password) });
    const { message } = await see(key, { Ready: 'False/Unauthorized', Stalled: 'True/Unauthorized' });
    expect(message).toContain(`; the password in Secret "own-login" (key "password") ${says}`);
    const [namespace] = key.split('/');
    await suite.cluster.setSecret(`${namespace}/own-login`, 'password', password);
    await see(key, { Ready: 'True/Ready', Stalled: '' });
  });

  it('waits for its Secret, then for the key inside of it', async () => {
    const { auth, secret } = login('token');
    const key = await connect({ auth });
    const [namespace] = key.split('/');
    const missing = await see(key, { Ready: 'False/SecretNotFound', Stalled: '' });
    expect(missing.message).toBe(
      `Secret "own-login" does not exist in namespace "${namespace}". Create it, or correct spec.auth.token.secretRef.name; the operator picks it up at once.`,
    );
    await suite.cluster.createSecret(`${namespace}/own-login`, { other: 'x' });
    await see(key, { Ready: 'False/SecretKeyMissing', Stalled: '' });
    await suite.cluster.setSecret(`${namespace}/own-login`, 'token', secret['token'] ?? '');
    await see(key, { Ready: 'True/Ready', Stalled: '' });
  });

  it.each([
    {
      name: 'the url of another site',
      wrong: { url: 'https://github.com/codemie' },
      says: "What answers at the connection's URL does not speak CodeMie's API.",
    },
    {
      name: 'a url without its path',
      wrong: { url: 'https://codemie.example.com' },
      says: 'usually ends in /code-assistant-api',
    },
    {
      name: 'a tokenURL that is none',
      wrong: { tokenURL: 'https://auth.example.com/auth/realms/codemie-prod/token' },
      says: 'What answers at the tokenURL of the connection is not a token endpoint.',
    },
  ])('with $name is NotCodeMie', async ({ wrong, says }) => {
    const { url = suite.world.codemie.url, tokenURL } = wrong;
    const { clientCredentials: right } = clientCredentials(suite.world, 'own-login');
    const auth = { clientCredentials: { ...right, ...(tokenURL && { tokenURL }) } };
    const key = await connect({ url, auth }, { clientSecret: suite.world.clientSecret });
    const { message } = await see(key, { Ready: 'False/NotCodeMie', Stalled: 'True/NotCodeMie' });
    expect(message).toContain(says);
  });

  it('to a private address is HostNotAllowed, because a tenant made it', async () => {
    const { auth, secret } = login('token');
    const key = await connect({ auth, url: 'https://10.0.0.1', allowPrivateNetworks: true }, secret);
    const { message } = await see(key, { Ready: 'False/HostNotAllowed', Stalled: 'True/HostNotAllowed' });
    expect(message).toContain('10.0.0.1');
  });

  it.each<{ name: string; fault: ConnectionFault; reason: string; needsPerson?: boolean }>([
    { name: 'no process listens', fault: { kind: 'refuse' }, reason: 'CodeMieUnreachable' },
    { name: 'it hangs up', fault: { kind: 'reset', afterBytes: 0 }, reason: 'CodeMieUnreachable' },
    {
      name: 'its authority is unknown',
      fault: certificate('unknownAuthority'),
      reason: 'TLSUntrusted',
      needsPerson: true,
    },
    {
      name: 'it signs its certificate itself',
      fault: certificate('selfSigned'),
      reason: 'TLSUntrusted',
      needsPerson: true,
    },
    {
      name: 'its certificate is another’s',
      fault: certificate('wrongName'),
      reason: 'TLSUntrusted',
      needsPerson: true,
    },
    { name: 'its certificate has expired', fault: certificate('expired'), reason: 'TLSUntrusted' },
  ])('is $reason while $name, and stays Ready if it was', async ({ fault, reason, needsPerson }) => {
    const { cluster, world } = suite;
    const { auth, secret } = login('token');
    const before = await connect({ auth }, secret);
    await see(before, { Ready: 'True/Ready' });
    onTestFinished(() => world.internet.setFault(codemieHost, undefined));
    world.internet.setFault(codemieHost, fault);

    const handled = await requestReconcile(cluster, kinds.connection, before);
    const { status } = await see(before, { Ready: 'True/Ready', Reconciling: `True/${reason}`, Stalled: '' });
    expect(status.lastHandledReconcileAt).toBe(handled);
    const during = await connect({ auth }, secret);
    await see(
      during,
      needsPerson
        ? { Ready: `False/${reason}`, Reconciling: '', Stalled: `True/${reason}` }
        : { Ready: `Unknown/${reason}`, Reconciling: `True/${reason}`, Stalled: '' },
    );

    world.internet.setFault(codemieHost, undefined);
    // One that waits for a user is checked once a minute.
    await requestReconcile(cluster, kinds.connection, during);
    for (const key of [before, during]) await see(key, { Ready: 'True/Ready', Reconciling: '', Stalled: '' });
  });
});

describe('a ClusterCodeMieConnection', () => {
  it('signs in with a Secret of the operator’s namespace and counts who uses it', async () => {
    const { cluster } = suite;
    const name = await makeClusterConnection(suite, {
      consumers: [{ namespaces: ['team-*'], projects: ['*'] }],
    });
    const ready = await waitForConnection(cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
    expect(ready.status).toMatchObject({
      account: { name: suite.world.login.name, admin: false },
      serverVersion: '0.16.0',
      integrations: 0,
    });
    const namespace = await suite.team();
    await storeGitHubToken(suite, `${namespace}/token`);
    await cluster.create(
      kinds.integration,
      gitHubIntegration(`${namespace}/one`, { connectionRef: { name } }),
    );
    await cluster.waitForConditions(`${namespace}/one`, { Ready: 'True/Ready' });
    await cluster.waitFor('the connection to count', async () => {
      const { status } = await waitForConnection(cluster, kinds.clusterConnection, name, {});
      return status.integrations === 1;
    });
  });

  const allow = (projects: string[], rest: object = {}) => [{ ...rest, projects }];
  const setSpec = (path: string, value: unknown): JsonPatchOp[] => [
    { op: 'replace', path: `/spec/${path}`, value },
  ];

  it.each([
    {
      name: 'lists no namespace',
      spec: () => ({ consumers: [] }),
      reason: 'ConnectionNotAllowed',
      mend: (team: string) => setSpec('consumers', allow(['demo'], { namespaces: [team] })),
    },
    {
      name: 'lists another namespace',
      spec: () => ({ consumers: allow(['*'], { namespaces: ['somebody-else'] }) }),
      reason: 'ConnectionNotAllowed',
      mend: (team: string) => setSpec('consumers/0/namespaces/0', team),
    },
    {
      name: 'lists another project for the namespace',
      spec: (team: string) => ({ consumers: allow(['demo-2', 'dem'], { namespaces: [team] }) }),
      reason: 'ProjectNotAllowed',
      mend: () => setSpec('consumers/0/projects', ['dem*']),
    },
    {
      name: 'allows the project to other namespaces only',
      spec: (team: string) => ({
        consumers: [
          { namespaces: ['somebody-else'], projects: ['*'] },
          { namespaces: [team], projects: ['other'] },
        ],
      }),
      reason: 'ProjectNotAllowed',
      mend: () => setSpec('consumers/1/projects', ['demo']),
    },
    {
      name: 'does not write the project at all',
      spec: (team: string) => ({
        consumers: allow(['*'], { namespaces: [team] }),
        projects: { allowed: ['other'] },
      }),
      reason: 'ProjectNotAllowed',
      mend: () => setSpec('projects/allowed', ['other', 'demo']),
    },
  ])('that $name is $reason, and serves once it allows it', async ({ spec, reason, mend }) => {
    const { cluster, world } = suite;
    const team = await suite.team();
    const name = await makeClusterConnection(suite, spec(team));
    await waitForConnection(cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
    const token = await storeGitHubToken(suite, `${team}/token`);
    await cluster.create(kinds.integration, gitHubIntegration(`${team}/one`, { connectionRef: { name } }));
    const refused = await cluster.waitForConditions(`${team}/one`, {
      Ready: `False/${reason}`,
      Registered: `False/${reason}`,
      Stalled: `True/${reason}`,
    });
    expect(refused.conditions.map(({ type }) => type)).not.toContain('CredentialsResolved');
    const shown = () =>
      world.github.requests.filter((request) => request.header('authorization')?.includes(token)).length;
    expect(shown(), 'the credential was shown to GitHub').toBe(0);

    await cluster.patch(kinds.clusterConnection, name, mend(team));
    await cluster.waitForConditions(`${team}/one`, { Ready: 'True/Ready', Stalled: '' });
    expect(shown()).toBe(1);
  });

  it('serves a namespace from the moment on at which its labels match', async () => {
    const { cluster, world } = suite;
    const team = await suite.team();
    const name = await makeClusterConnection(suite, {
      consumers: allow(['demo'], { namespaceSelector: { matchLabels: { codemie: 'yes' } } }),
    });
    await storeGitHubToken(suite, `${team}/token`);
    const key = `${team}/one`;
    await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef: { name } }));
    await cluster.waitForConditions(key, { Ready: 'False/ConnectionNotAllowed' });
    await cluster.patch(kinds.namespace, team, [
      { op: 'add', path: '/metadata/labels/codemie', value: 'yes' },
    ]);
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    await cluster.patch(kinds.namespace, team, [{ op: 'remove', path: '/metadata/labels/codemie' }]);
    const { status } = await cluster.waitForConditions(key, { Ready: 'False/ConnectionNotAllowed' });
    expect(status.registration?.id, 'what is in CodeMie is remembered').toBe(rowsOf(world, key)[0]?.id);
  });
});

describe('connectionRef', () => {
  it('waits for a connection that comes later', async () => {
    const { cluster, world } = suite;
    const team = await suite.team();
    const key = `${team}/one`;
    await storeGitHubToken(suite, `${team}/token`);
    const connectionRef = { kind: 'CodeMieConnection', name: 'late' };
    await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef }));
    const refused = await cluster.waitForConditions(key, {
      Ready: 'False/ConnectionNotFound',
      Registered: 'False/ConnectionNotFound',
    });
    expect(refused.condition('Ready').message).toBe(
      'CodeMieConnection "late" does not exist. Create it, or correct spec.connectionRef.',
    );
    await cluster.create(kinds.connection, {
      metadata: { name: 'late', namespace: team },
      spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
    });
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  });

  it('means a connection of the own namespace only', async () => {
    const { cluster } = suite;
    const [owner, stranger] = [await suite.team(), await suite.team()];
    await cluster.delete(kinds.connection, `${stranger}/own`);
    await storeGitHubToken(suite, `${stranger}/token`);
    await cluster.create(kinds.integration, gitHubIntegration(`${stranger}/one`));
    const ready = await see(`${owner}/own`, { Ready: 'True/Ready' });
    expect(ready.status.integrations).toBe(0);
    await cluster.waitForConditions(`${stranger}/one`, { Ready: 'False/ConnectionNotFound' });
  });
});

describe('deleting a connection', () => {
  it('waits for the integration that needs it to clean up', async () => {
    const { cluster, world } = suite;
    const team = await suite.team();
    const key = `${team}/needed`;
    await storeGitHubToken(suite, `${team}/token`);
    await cluster.create(kinds.integration, gitHubIntegration(key));
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });

    await cluster.delete(kinds.connection, `${team}/own`);
    const { message } = await see(`${team}/own`, { Ready: 'Unknown/InUse', Reconciling: 'True/InUse' });
    expect(message).toContain('One GitIntegration needs this connection');
    expect(message).not.toContain('needed');

    await cluster.delete(kinds.integration, key);
    await cluster.waitForGone(kinds.integration, key);
    await cluster.waitForGone(kinds.connection, `${team}/own`);
    expect(rowsOf(world, key)).toEqual([]);
  });

  it('does not wait for an integration that is to stay in CodeMie', async () => {
    const { cluster, world } = suite;
    const team = await suite.team();
    const key = `${team}/orphan`;
    await storeGitHubToken(suite, `${team}/token`);
    await cluster.create(kinds.integration, gitHubIntegration(key));
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    await cluster.delete(kinds.connection, `${team}/own`);
    await see(`${team}/own`, { Ready: 'Unknown/InUse' });

    await cluster.patch(kinds.integration, key, [
      { op: 'add', path: '/spec/deletionPolicy', value: 'Orphan' },
    ]);
    await cluster.waitForGone(kinds.connection, `${team}/own`);
    await cluster.waitForConditions(key, { Ready: 'False/ConnectionNotFound' });
    await cluster.delete(kinds.integration, key);
    await cluster.waitForGone(kinds.integration, key);
    expect(rowsOf(world, key)).toHaveLength(1);
  });

  it('does not wait when no integration needs it', async () => {
    const { cluster } = suite;
    const team = await suite.team();
    await see(`${team}/own`, { Ready: 'True/Ready' });
    await cluster.delete(kinds.connection, `${team}/own`);
    expect(await cluster.get(kinds.connection, `${team}/own`)).toBeUndefined();
  });
});
