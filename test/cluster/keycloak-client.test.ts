import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { type Cluster, kinds } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubectl, kubeEnv } from '../harness/kubectl.ts';
import { answerAdmin } from '../harness/peers/oidc/admin-api.ts';
import { operatorClientId } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { discard, waitForConnection } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite({ rights: 'keycloak' });
const root = join(import.meta.dirname, '..', '..');
const crd = join(root, 'test', 'harness', 'foreign-crds', 'keycloak-client.yaml');
const keycloakClients = {
  kind: 'KeycloakClient',
  group: 'v1.edp.epam.com',
  version: 'v1',
  plural: 'keycloakclients',
  namespaced: true,
};
const secretName = `keycloak-client-${operatorClientId}-secret`;

async function run(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, {
    kubeconfig: kubeconfigPath(),
    ...(input !== undefined && { input }),
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

beforeAll(async () => {
  await run(['apply', '--server-side', '--filename', crd]);
  await run(['wait', '--for=condition=Established', '--timeout=30s', '--filename', crd]);
  // The realm has none yet.
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

/** The two objects of the example, the first one for that namespace. */
async function example(namespace: string): Promise<[client: object, connection: object]> {
  const text = await readFile(join(root, 'examples', 'logins', 'keycloak-client.yaml'), 'utf8');
  const [client, connection] = parseAllDocuments(
    text.replace('namespace: codemie-system', `namespace: ${namespace}`),
  );
  return [z.looseObject({}).parse(client?.toJS()), z.looseObject({}).parse(connection?.toJS())];
}

const stored = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string() }),
  spec: z.object({
    clientId: z.string(),
    secret: z.never().optional(),
    public: z.boolean(),
    standardFlowEnabled: z.boolean(),
    directAccess: z.boolean(),
    defaultClientScopes: z.array(z.string()),
    protocolMappers: z.array(z.looseObject({})),
    realmRef: z.object({ kind: z.string(), name: z.string() }),
    serviceAccount: z.object({
      enabled: z.boolean(),
      realmRoles: z.array(z.string()),
      attributesV2: z.record(z.string(), z.array(z.string())),
    }),
  }),
});

/**
 * Does what EPAM's operator for Keycloak does with a KeycloakClient that names no Secret (`put_client.go` and
 * `service_account.go` of https://github.com/epam/edp-keycloak-operator): it generates a secret, stores it under the
 * key
 * `clientSecret` of a Secret that the object owns, names that in the object, and creates the client with its account.
 * There the Secret comes first; here it comes last, as a sign-in before the client exists would have a minute's pause.
 */
async function playKeycloakOperator(cluster: Cluster, object: unknown): Promise<void> {
  const { metadata, spec } = stored.parse(object);
  const { realm } = suite.world.oidc;
  const admin = (method: string, path: string, body?: unknown) =>
    answerAdmin(realm, '', { method, path, query: new URLSearchParams(), body });
  const secret = suite.secret('generated');
  const made = admin('POST', '/clients', {
    clientId: spec.clientId,
    secret,
    publicClient: spec.public,
    standardFlowEnabled: spec.standardFlowEnabled,
    directAccessGrantsEnabled: spec.directAccess,
    serviceAccountsEnabled: spec.serviceAccount.enabled,
    defaultClientScopes: spec.defaultClientScopes,
    protocolMappers: spec.protocolMappers,
  });
  expect(made.status).toBe(201);
  const user = realm.users.find(({ username }) => username === `service-account-${spec.clientId}`);
  const roles = spec.serviceAccount.realmRoles.map((name) => ({ name, id: realm.roles.get(name) }));
  expect(admin('POST', `/users/${user?.id}/role-mappings/realm`, roles).status).toBe(204);
  expect(admin('PUT', `/users/${user?.id}`, { attributes: spec.serviceAccount.attributesV2 }).status).toBe(
    204,
  );
  await cluster.create(kinds.secret, {
    metadata: {
      name: `keycloak-client-${metadata.name}-secret`,
      namespace: metadata.namespace,
      ownerReferences: [
        {
          apiVersion: 'v1.edp.epam.com/v1',
          kind: 'KeycloakClient',
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
        },
      ],
    },
    stringData: { clientSecret: secret },
  });
  const reference = JSON.stringify({
    spec: { secret: `$keycloak-client-${metadata.name}-secret:clientSecret` },
  });
  await run([
    'patch',
    'keycloakclient',
    metadata.name,
    '-n',
    metadata.namespace,
    '--type=merge',
    '--patch',
    reference,
  ]);
}

it('the example becomes a login that is new to CodeMie, and a connection that is Ready', async () => {
  const { cluster, system } = suite;
  const [client, connection] = await example(system);
  onTestFinished(() => discard(cluster, kinds.clusterConnection, 'keycloak-client'));
  await run(['apply', '--validate=strict', '--filename', '-'], stringify(client));
  await run(['apply', '--validate=strict', '--filename', '-'], stringify(connection));
  await waitForConnection(cluster, kinds.clusterConnection, 'keycloak-client', {
    Ready: 'False/SecretNotFound',
  });

  const object: unknown = JSON.parse(
    await run(['get', 'keycloakclient', operatorClientId, '-n', system, '-o', 'json']),
  );
  await playKeycloakOperator(cluster, object);
  const { status } = await waitForConnection(cluster, kinds.clusterConnection, 'keycloak-client', {
    Ready: 'True/Ready',
    Stalled: '',
  });
  expect(status.account).toMatchObject({ name: `service-account-${operatorClientId}`, admin: false });

  // From Git again, as a GitOps tool does: the name of the Secret stays, so that no other secret is generated.
  await run(['apply', '--validate=strict', '--filename', '-'], stringify(client));
  const again = await cluster.get(keycloakClients, `${system}/${operatorClientId}`);
  expect(again?.['spec']).toMatchObject({ secret: `$${secretName}:clientSecret` });
});

it('the command of docs/codemie.md copies its Secret to another namespace, without its owner', async () => {
  const { cluster, system } = suite;
  const [from, to] = [system, await cluster.createNamespace('copy')];
  const page = await readFile(join(root, 'docs', 'codemie.md'), 'utf8');
  const copy =
    codeBlocks(page, 'sh').find((block) => block.includes('--namespace oauth2-proxy get secret')) ?? '';
  const script = copy
    .replace('--namespace oauth2-proxy', `--namespace ${from}`)
    .replace('--namespace codemie-system', `--namespace ${to}`);
  const ran = await runTool('sh', { args: ['-euc', script], env: kubeEnv(kubeconfigPath()) });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const original = await cluster.get(kinds.secret, `${from}/${secretName}`);
  const copied = await cluster.get(kinds.secret, `${to}/${secretName}`);
  expect(original?.metadata).toHaveProperty('ownerReferences');
  expect(copied?.metadata).not.toHaveProperty('ownerReferences');
  expect(copied?.['data']).toEqual(original?.['data']);
});
