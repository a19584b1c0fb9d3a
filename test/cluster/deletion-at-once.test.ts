import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KubeStatusError } from '../../src/kube/errors.ts';
import { kinds } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import {
  discard,
  gitHubIntegration,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
  waitForEvent,
} from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * A folder of manifests, an Application or a Kustomization is deleted as a whole: the connection, the Secret of its
 * login and the integrations go together, in any order. Nothing hangs, and the row is gone or reported.
 */
const person = {
  subject: randomUUID(),
  username: 'ada',
  email: 'ada@example.com',
  password: `canary ${randomUUID()}`,
};
const suite = useSuite({ users: [person] });

const parts = ['secret', 'connection', 'integration'] as const;
type Part = (typeof parts)[number];
const orders: Part[][] = [
  ['secret', 'connection', 'integration'],
  ['secret', 'integration', 'connection'],
  ['connection', 'secret', 'integration'],
  ['connection', 'integration', 'secret'],
  ['integration', 'secret', 'connection'],
  ['integration', 'connection', 'secret'],
];

/** What signs in, and what the Secret of that name has to hold for it. */
function loginOf(kind: string, name: string): { auth: object; secret: Record<string, string> } {
  const { world } = suite;
  const login = { name };
  switch (kind) {
    case 'clientCredentials':
      return { auth: clientCredentials(world, name), secret: { clientSecret: world.clientSecret } };
    case 'password':
      world.codemie.addUser({ id: person.subject, username: person.username, projectAdminOf: ['demo'] });
      return {
        auth: {
          password: { tokenURL: world.oidc.tokenUrl, usernameSecretRef: login, passwordSecretRef: login },
        },
        secret: { username: person.username, password: person.password },
      };
    case 'localLogin': {
      const password = suite.secret('local');
      const user = world.codemie.addUser({
        username: `local-${randomUUID()}`,
        password,
        projectAdminOf: ['demo'],
      });
      return {
        auth: { localLogin: { emailSecretRef: login, passwordSecretRef: login } },
        secret: { email: user.email, password },
      };
    }
    default: {
      const token = suite.secret('token');
      world.codemie.addToken(
        token,
        world.codemie.addUser({ username: `token-${randomUUID()}`, projectAdminOf: ['demo'] }),
      );
      return { auth: { token: { secretRef: login } }, secret: { token } };
    }
  }
}

/** One of each, Ready. */
interface Folder {
  key: string;
  namespace: string;
  /** What is deleted by which name. */
  delete: (part: Part) => Promise<unknown>;
  gone: () => Promise<unknown>;
  connection: { resource: typeof kinds.connection; key: string };
  secret: { key: string; data: Record<string, string> };
}

async function fill(isOfCluster: boolean, loginKind: string): Promise<Folder> {
  const { cluster, world, system } = suite;
  const namespace = await cluster.createNamespace('folder');
  const key = `${namespace}/acme`;
  const name = `at-once-${randomUUID().slice(0, 8)}`;
  const { auth, secret } = loginOf(loginKind, name);
  const secretKey = `${isOfCluster ? system : namespace}/${name}`;
  await cluster.createSecret(secretKey, secret);
  const resource = isOfCluster ? kinds.clusterConnection : kinds.connection;
  const connectionKey = isOfCluster ? name : `${namespace}/${name}`;
  await cluster.create(resource, {
    metadata: { name, ...(!isOfCluster && { namespace }) },
    spec: {
      url: world.codemie.url,
      auth,
      ...(isOfCluster && { consumers: [{ namespaces: [namespace], projects: ['demo'] }] }),
    },
  });
  if (isOfCluster) onTestFinished(() => discard(cluster, resource, connectionKey));
  await storeGitHubToken(suite, `${namespace}/token`);
  const connectionRef = { kind: isOfCluster ? 'ClusterCodeMieConnection' : 'CodeMieConnection', name };
  await cluster.create(kinds.integration, gitHubIntegration(key, { connectionRef }));
  await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  const targets = {
    secret: [kinds.secret, secretKey],
    connection: [resource, connectionKey],
    integration: [kinds.integration, key],
  } as const;
  return {
    key,
    namespace,
    delete(part) {
      const [kind, target] = targets[part];
      return cluster.delete(kind, target);
    },
    async gone() {
      await cluster.waitForGone(kinds.integration, key);
      await cluster.waitForGone(resource, connectionKey);
    },
    connection: { resource, key: connectionKey },
    secret: { key: secretKey, data: secret },
  };
}

const orphaned = async () => /registrations_orphaned_total (\d+)/.exec(await suite.operator.metrics())?.[1];

describe.each([
  { kind: 'ClusterCodeMieConnection', isOfCluster: true },
  { kind: 'CodeMieConnection', isOfCluster: false },
])('a $kind, its Secret and its integration', ({ isOfCluster }) => {
  it.each(orders.map((order) => ({ order })))('go in the order $order', async ({ order }) => {
    const before = await orphaned();
    // CodeMie's own login allows few sign-ins.
    const logins = ['clientCredentials', 'password', 'token', ...(order === orders[0] ? ['localLogin'] : [])];
    await Promise.all(
      logins.map(async (loginKind) => {
        const folder = await fill(isOfCluster, loginKind);
        for (const part of order) await folder.delete(part);
        await folder.gone();
        expect(rowsOf(suite.world, folder.key)).toEqual([]);
      }),
    );
    expect(await orphaned()).toBe(before);
  });

  it('go when there is time for each to be noticed', async () => {
    const folder = await fill(isOfCluster, 'clientCredentials');
    const { cluster } = suite;
    const { resource, key } = folder.connection;
    await folder.delete('secret');
    await waitForConnection(cluster, resource, key, { Ready: 'False/SecretNotFound' });
    await folder.delete('integration');
    await cluster.waitForConditions(folder.key, { Ready: 'Unknown/Deleting' });
    await folder.delete('connection');
    await folder.gone();
    expect(rowsOf(suite.world, folder.key)).toEqual([]);
  });
});

it('the namespace goes with a connection, its Secret and an integration in it', async () => {
  const folder = await fill(false, 'token');
  await folder.delete('secret');
  await suite.cluster.delete(kinds.namespace, folder.namespace);
  await suite.cluster.waitForGone(kinds.namespace, folder.namespace);
  expect(rowsOf(suite.world, folder.key)).toEqual([]);
});

it('whose former connection goes with its Secret leaves nothing there', async () => {
  const { cluster } = suite;
  const [former, next] = [await fill(false, 'token'), await fill(true, 'token')];
  await cluster.patch(next.connection.resource, next.connection.key, [
    { op: 'add', path: '/spec/consumers/-', value: { namespaces: [former.namespace], projects: ['demo'] } },
  ]);
  await former.delete('secret');
  await former.delete('connection');
  await cluster.patch(kinds.integration, former.key, [
    { op: 'replace', path: '/spec/connectionRef', value: { name: next.connection.key } },
  ]);
  await cluster.waitForGone(former.connection.resource, former.connection.key);
  await cluster.waitForConditions(former.key, { Ready: 'True/Ready' });
  expect(rowsOf(suite.world, former.key)).toHaveLength(1);
});

describe('an operator that was started after the Secret went', () => {
  const preload = join(import.meta.dirname, '..', 'harness', 'clock-step.ts');

  /** Deletes all three while no operator runs, and starts one. */
  async function restartWithout(folder: Folder): Promise<OperatorProcess> {
    await suite.operator.stop();
    for (const part of parts) await folder.delete(part);
    suite.operator = await suite.start({ preload });
    return suite.operator;
  }

  it.each([{ isOfCluster: true }, { isOfCluster: false }])(
    'says what to do, and goes on with a Secret that is created again (of the cluster: $isOfCluster)',
    async ({ isOfCluster }) => {
      const folder = await fill(isOfCluster, 'token');
      await restartWithout(folder);
      const seen = await suite.cluster.waitForConditions(folder.key, { Ready: 'Unknown/Deleting' });
      const [home, name] = folder.secret.key.split('/');
      expect(seen.condition('Ready').message).toBe(
        `The integration is still in CodeMie: Secret "${name}" does not exist in namespace "${home}". The connection is being deleted too, so create the Secret again within 5 minutes, or the integration is left behind; to avoid this in Git, keep the Secret of a login in an earlier wave or out of pruning.`,
      );
      expect(rowsOf(suite.world, folder.key)).toHaveLength(1);
      await suite.cluster.createSecret(folder.secret.key, folder.secret.data);
      await folder.gone();
      expect(rowsOf(suite.world, folder.key)).toEqual([]);
    },
  );

  it('removes all finalizers after five minutes, and reports what is left behind', async () => {
    const folder = await fill(true, 'token');
    const { pid } = await restartWithout(folder);
    await suite.cluster.waitForConditions(folder.key, { Ready: 'Unknown/Deleting' });
    // An hour goes by.
    process.kill(pid, 'SIGUSR2');
    await suite.cluster
      .patch(kinds.integration, folder.key, [
        { op: 'add', path: '/metadata/labels', value: { touched: 'true' } },
      ])
      // A reconcile that was due in that moment was enough.
      .catch((error: unknown) => {
        if (!(error instanceof KubeStatusError && error.code === 404)) throw error;
      });
    await folder.gone();
    expect(rowsOf(suite.world, folder.key)).toHaveLength(1);
    expect(await waitForEvent(suite.cluster, folder.key, 'RegistrationOrphaned')).toContain(
      'stays in CodeMie, because the Secrets of its connection are gone.',
    );
  });
});

const definitions = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const syncInterval =
  '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/syncInterval/x-kubernetes-validations';

it('deletionPolicy Orphan counts although another field of the spec does not parse', async () => {
  const { cluster } = suite;
  const crd = await cluster.get(definitions, 'gitintegrations.codemie.ai');
  const rules: unknown = syncInterval
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => Object(value)[name], crd);
  const folder = await fill(false, 'token');
  // The CRDs of an older release, which did not have the rule yet.
  await cluster.patch(definitions, 'gitintegrations.codemie.ai', [{ op: 'remove', path: syncInterval }]);
  onTestFinished(async () => {
    const again = { op: 'add', path: syncInterval, value: rules } as const;
    await cluster.patch(definitions, 'gitintegrations.codemie.ai', [again]);
  });
  await cluster.waitFor('the rule to be gone', () =>
    cluster
      .patch(kinds.integration, folder.key, [
        { op: 'add', path: '/spec/deletionPolicy', value: 'Orphan' },
        { op: 'add', path: '/spec/syncInterval', value: 'soon' },
      ])
      .then(() => true)
      .catch(() => false),
  );
  await cluster.waitForConditions(folder.key, { Ready: 'False/InvalidSpec' });
  await folder.delete('connection');
  await cluster.waitForGone(folder.connection.resource, folder.connection.key);
  await folder.delete('integration');
  await cluster.waitForGone(kinds.integration, folder.key);
  expect(rowsOf(suite.world, folder.key)).toHaveLength(1);
});
