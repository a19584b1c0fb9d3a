import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { keycloakGuide } from '../harness/keycloak-guide.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import type { RealmClient, RealmUser } from '../harness/peers/oidc/realm.ts';
import { operatorClientId } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import {
  gitHubIntegration,
  makeClusterConnection,
  requestReconcile,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import { clientCredentials, type Suite, useSuite } from './suite.ts';

/** The operator's client in Keycloak and its service account, as they are now. */
function loginOf({ world }: Suite): { client: RealmClient; user: RealmUser } {
  const { clients, users } = world.oidc.realm;
  const client = clients.find(({ clientId }) => clientId === operatorClientId);
  const user = users.find(({ serviceAccountOf }) => serviceAccountOf === client?.id);
  if (!client || !user) throw new Error('The realm has no client for the operator.');
  return { client, user };
}

/** Changes an object of the realm, and returns what takes it back. */
function put<T extends RealmClient | RealmUser>(target: T, fields: Partial<T>): () => void {
  const before = { ...target };
  Object.assign(target, fields);
  return () => void Object.assign(target, before);
}

const consumers = [{ namespaces: ['*'], projects: ['*'] }];

describe("a login in CodeMie's default mode, where rights come from Keycloak", () => {
  const suite = useSuite({ rights: 'keycloak' });
  const see = (name: string, wanted: Record<string, string>) =>
    waitForConnection(suite.cluster, kinds.clusterConnection, name, wanted);

  it('with all that docs/codemie.md names leads to a Ready connection, and registers', async () => {
    const { cluster, world } = suite;
    const name = await makeClusterConnection(suite, { consumers });
    const { status } = await see(name, { Ready: 'True/Ready', Stalled: '' });
    expect(status.account).toMatchObject({ name: 'service-account-codemie-git-operator', admin: false });
    const key = `${await cluster.createNamespace('default-mode')}/github`;
    await storeGitHubToken(suite, key.replace('/github', '/token'));
    const connectionRef = { kind: 'ClusterCodeMieConnection', name };
    await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef }));
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
    expect(rowsOf(world, key)).toHaveLength(1);
  });

  it.each<{
    lack: string;
    take: (login: ReturnType<typeof loginOf>) => () => unknown;
    reason: string;
    says: string[];
  }>([
    {
      lack: 'role',
      take: ({ user }) => {
        user.roles.delete('developer');
        return () => user.roles.add('developer');
      },
      reason: 'Unauthorized',
      says: ['neither of the realm roles developer and admin', 'Assign the role developer'],
    },
    {
      lack: 'e-mail address',
      take: ({ user }) => {
        const { email } = user;
        user.email = undefined;
        return () => (user.email = email);
      },
      reason: 'Unauthorized',
      says: ['no e-mail address', 'in Keycloak'],
    },
    {
      lack: 'last name',
      take: ({ user }) => {
        const { lastName } = user;
        user.lastName = undefined;
        return () => (user.lastName = lastName);
      },
      reason: 'Unauthorized',
      says: ['no first and last name'],
    },
    {
      lack: 'client scope',
      take: ({ client }) => {
        client.defaultScopes.delete('codemie');
        return () => client.defaultScopes.add('codemie');
      },
      reason: 'AccessDenied',
      says: ['administrator of no project', 'lacks the client scope codemie'],
    },
    {
      lack: 'attributes',
      take: ({ user }) => {
        const { attributes } = user;
        user.attributes = {};
        return () => (user.attributes = attributes);
      },
      reason: 'AccessDenied',
      says: ['administrator of no project', 'lacks the attribute applications_admin'],
    },
    {
      lack: 'attribute applications_admin',
      take: ({ user }) => {
        const { attributes } = user;
        user.attributes = { applications: ['demo'] };
        return () => (user.attributes = attributes);
      },
      reason: 'AccessDenied',
      says: ['lacks the attribute applications_admin'],
    },
  ])('without its $lack leads to a connection that says so', async ({ take, reason, says }) => {
    const give = take(loginOf(suite));
    onTestFinished(() => {
      give();
    });
    const name = await makeClusterConnection(suite, { consumers });
    const { message, status } = await see(name, { Ready: `False/${reason}`, Stalled: `True/${reason}` });
    for (const text of says) expect(message).toContain(text);
    expect(status.account !== undefined).toBe(reason === 'AccessDenied');
  });

  it('without the scope openid leads to a connection that names the field', async () => {
    const { clientCredentials: right } = clientCredentials(suite.world, 'login');
    const auth = { clientCredentials: { ...right, scope: 'email profile' } };
    const name = await makeClusterConnection(suite, { consumers, auth });
    const { message } = await see(name, { Ready: 'False/Unauthorized', Stalled: 'True/Unauthorized' });
    expect(message).toBe(
      "CodeMie does not accept the login of the connection, and its token lacks the scope openid, without which Keycloak's userinfo endpoint rejects it. Add openid to auth.clientCredentials.scope.",
    );
    await suite.cluster.patch(kinds.clusterConnection, name, [
      { op: 'replace', path: '/spec/auth/clientCredentials/scope', value: 'openid' },
    ]);
    await see(name, { Ready: 'True/Ready', Stalled: '' });
  });

  it.each<{
    name: string;
    act: (login: ReturnType<typeof loginOf>) => () => unknown;
    reason: string;
    says: string;
  }>([
    {
      name: 'whose client is disabled',
      act: ({ client }) => put(client, { enabled: false }),
      reason: 'Unauthorized',
      says: 'It has no such client, or the client is disabled',
    },
    {
      name: 'whose client is public',
      act: ({ client }) => put(client, { publicClient: true }),
      reason: 'Unauthorized',
      says: 'The client is a public one',
    },
    {
      name: 'whose client has no service account',
      act: ({ client }) => put(client, { serviceAccountsEnabled: false }),
      reason: 'Unauthorized',
      says: 'The client has no service account',
    },
    {
      name: 'whose client identifies itself otherwise',
      act: ({ client }) => put(client, { clientAuthenticatorType: 'client-secret-jwt' }),
      reason: 'Unauthorized',
      says: 'The client identifies itself by a signed JWT',
    },
    {
      name: 'whose user is disabled',
      act: ({ user }) => put(user, { enabled: false }),
      reason: 'Unauthorized',
      says: "The client's service account is disabled",
    },
    {
      name: 'whose projects are in applications_admin alone',
      act: ({ user }) => put(user, { attributes: { applications: ['shop'], applications_admin: ['demo'] } }),
      reason: 'AccessDenied',
      says: 'names no project that its attribute applications names, too',
    },
    {
      name: 'whose token has no roles',
      act: ({ client }) => {
        client.defaultScopes.delete('roles');
        return () => client.defaultScopes.add('roles');
      },
      reason: 'Unauthorized',
      says: 'its token carries no realm roles',
    },
    {
      name: 'whose token lacks what CodeMie verifies',
      act: () => {
        suite.world.codemie.verifyTokens({ audience: 'codemie' });
        return () => suite.world.codemie.verifyTokens(undefined);
      },
      reason: 'Unauthorized',
      says: 'the token has no groups, which CodeMie requires by default',
    },
    {
      name: 'that a proxy before CodeMie refuses',
      act: () => {
        const body = '<html><body><h1>403 Forbidden</h1></body></html>';
        const headers = { 'content-type': 'text/html' };
        const outcome = { kind: 'answer', committed: false, status: 403, headers, body } as const;
        const fault = suite.world.codemie.faults.add({ path: '/v1/user', times: 1000, outcome });
        return () => fault.remove();
      },
      reason: 'Unauthorized',
      says: 'Something before CodeMie, such as a proxy or a firewall, refuses the requests',
    },
  ])('$name leads to a connection that says so, and recovers', async ({ act, reason, says }) => {
    const undo = act(loginOf(suite));
    onTestFinished(() => {
      undo();
    });
    const name = await makeClusterConnection(suite, { consumers });
    const { message } = await see(name, { Ready: `False/${reason}`, Stalled: `True/${reason}` });
    expect(message).toContain(says);
    undo();
    // Another login, which has no pause after a refusal.
    await suite.cluster.patch(kinds.clusterConnection, name, [
      { op: 'add', path: '/spec/auth/clientCredentials/scope', value: 'openid profile' },
    ]);
    await see(name, { Ready: 'True/Ready', Stalled: '' });
  });

  it('is taken up again from its Secret after the client secret was replaced in Keycloak', async () => {
    const { cluster, system, world } = suite;
    await cluster.createSecret(`${system}/replaced`, { clientSecret: world.clientSecret });
    const auth = clientCredentials(world, 'replaced');
    const name = await makeClusterConnection(suite, { consumers, auth });
    await see(name, { Ready: 'True/Ready' });
    const clientSecret = suite.secret('replaced');
    onTestFinished(put(loginOf(suite).client, { secret: clientSecret }));
    await cluster.patch(kinds.clusterConnection, name, [
      { op: 'add', path: '/spec/auth/clientCredentials/scope', value: 'openid profile' },
    ]);
    const { message } = await see(name, { Ready: 'False/Unauthorized' });
    expect(message).toContain('rejects the client secret');
    await cluster.patch(kinds.secret, `${system}/replaced`, [
      { op: 'add', path: '/stringData', value: { clientSecret } },
    ]);
    await see(name, { Ready: 'True/Ready', Stalled: '' });
  });

  it('is Ready again when Keycloak gives it its attributes', async () => {
    const { user } = loginOf(suite);
    const { attributes } = user;
    user.attributes = {};
    onTestFinished(() => void (user.attributes = attributes));
    const name = await makeClusterConnection(suite, { consumers });
    await see(name, { Ready: 'False/AccessDenied' });
    user.attributes = attributes;
    await requestReconcile(suite.cluster, kinds.clusterConnection, name);
    const { message } = await see(name, { Ready: 'True/Ready', Stalled: '' });
    expect(message).toContain('CodeMie accepts the login');
  });

  it('stays Ready through answers of the identity provider that say nothing', async () => {
    const { oidc } = suite.world;
    const body = '<html><body><h1>403 Forbidden</h1></body></html>';
    oidc.setFault({ kind: 'answer', status: 403, body });
    onTestFinished(() => oidc.setFault(undefined));
    const name = await makeClusterConnection(suite, { consumers });
    const { message } = await see(name, {
      Ready: 'Unknown/CodeMieUnreachable',
      Reconciling: 'True/CodeMieUnreachable',
      Stalled: '',
    });
    expect(message).toContain('an answer that the operator does not know');
    oidc.setFault(undefined);
    await see(name, { Ready: 'True/Ready', Reconciling: '' });
  });
});

describe.each([{ rights: 'keycloak' as const }, { rights: 'codemie' as const }])(
  'the commands of docs/codemie.md, with rights in $rights',
  ({ rights }) => {
    const suite = useSuite({ rights });

    beforeEach(() => {
      const { clients, users } = suite.world.oidc.realm;
      clients.splice(
        clients.findIndex(({ clientId }) => clientId === operatorClientId),
        1,
      );
      users.splice(
        users.findIndex(({ serviceAccountOf }) => serviceAccountOf !== undefined),
        1,
      );
    });

    it('make a login with which a connection becomes Ready', async () => {
      const { cluster, system, world } = suite;
      const { username, password } = world.oidc.admin;
      await cluster.createSecret(`${system}/keycloak-admin`, { username, password });
      const guide = await keycloakGuide();
      const attributes = rights === 'keycloak' ? [guide.unmanagedAttributes, guide.attributes] : [];
      const blocks = [
        guide.administrator,
        guide.signIn,
        guide.client,
        guide.names,
        ...attributes,
        guide.secret,
      ];
      const script = blocks
        .join('')
        .replaceAll('--namespace security', `--namespace ${system}`)
        .replaceAll('--namespace codemie-system', `--namespace ${system}`);
      const { code, stderr } = await runTool('sh', {
        args: ['-euc', script],
        env: {
          ...kubeEnv(kubeconfigPath()),
          https_proxy: world.internet.proxyUrl,
          no_proxy: '127.0.0.1',
          CURL_CA_BUNDLE: world.internet.caFile,
        },
      });
      expect(stderr).toBe('');
      expect(code).toBe(0);

      const auth = clientCredentials(world, 'codemie-login');
      const name = await makeClusterConnection(suite, { consumers, auth });
      const see = (wanted: Record<string, string>) =>
        waitForConnection(cluster, kinds.clusterConnection, name, wanted);
      if (rights === 'codemie') {
        // As the page says: CodeMie knows the user now, and an administrator makes it one of the project.
        const { status } = await see({ Ready: 'False/AccessDenied', Stalled: 'True/AccessDenied' });
        const { id = '', name: account = '' } = status.account ?? {};
        world.codemie.addUser({ id, username: account, projectAdminOf: ['demo'] });
        await requestReconcile(cluster, kinds.clusterConnection, name);
      }
      const { status } = await see({ Ready: 'True/Ready', Stalled: '' });
      expect(status.account).toMatchObject({ name: 'service-account-codemie-git-operator', admin: false });
    });
  },
);
