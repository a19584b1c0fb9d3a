import { randomUUID } from 'node:crypto';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import type { JsonPatchOp, KubeClient } from '../../src/kube/client.ts';
import type { ObjectKey, Resource } from '../../src/kube/object.ts';
import type { AdminClient } from '../../test/harness/admin-client.ts';
import { kinds, metadataOf } from '../../test/harness/cluster.ts';
import { inParallel } from '../../test/harness/parallel.ts';
import { operatorClientId } from '../../test/harness/world.ts';
import type { Peers } from './peers-process.ts';

/** Namespace of the operator. */
export const systemNamespace = 'codemie-system';
/** The connection that all integrations use. */
const connectionName = 'default';
/** Integrations of one team, which has a namespace with one Secret. */
const teamSize = 100;
/** Writes at the same time where nothing is measured. */
const width = 16;
const foreignNamespace = 'foreign';
const foreignBytes = 100_000;

/**
 * The objects of one installation: teams with a namespace each, in it a Secret with a copy of the one token that
 * all share, and integrations, each for its own CodeMie project. CodeMie's choice between two integrations of
 * one project and host is undefined, so a sound installation has one per project.
 */
export interface Population {
  readonly count: number;
  keys(): ObjectKey[];
  /** Namespaces, Secrets and integrations. */
  create(token: string): Promise<void>;
  /** Gives every copy of the shared Secret another token, and resolves with the time of the first write. */
  rotate(token: string): Promise<number>;
  /** Takes the integrations away, whatever holds them. */
  remove(): Promise<void>;
}

/** The CodeMie projects of a population. */
export function projectNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => projectName(prefix, index));
}

/**
 * @param prefix of its namespaces, so that several differ
 * @param labels of its integrations
 */
export function createPopulation(
  client: AdminClient,
  prefix: string,
  count: number,
  labels: Record<string, string> = {},
): Population {
  const teams = Math.ceil(count / teamSize);
  const namespaceOf = (index: number): string => `${prefix}-${index % teams}`;
  const keyOf = (index: number): ObjectKey => `${namespaceOf(index)}/integration-${index}`;
  const keys = Array.from({ length: count }, (_, index) => keyOf(index));

  return {
    count,
    keys: () => keys,
    async create(token) {
      await inParallel(
        0,
        teams,
        async (team) => {
          const namespace = `${prefix}-${team}`;
          await client.create(kinds.namespace, { metadata: { name: namespace } }, soon());
          await createSecret(client, `${namespace}/token`, { token });
        },
        width,
      );
      await inParallel(
        0,
        count,
        async (index) => {
          await client.create(
            kinds.integration,
            {
              metadata: { ...metadataOf(keyOf(index)), labels },
              spec: {
                provider: 'GitHub',
                project: projectName(prefix, index),
                auth: { token: { secretRef: { name: 'token' } } },
              },
            },
            soon(),
          );
        },
        width,
      );
    },
    async rotate(token) {
      const started = performance.now();
      await inParallel(0, teams, (team) => setToken(client, `${prefix}-${team}/token`, token), width);
      return started;
    },
    remove: () => inParallel(0, count, (index) => discard(client, kinds.integration, keyOf(index)), width),
  };
}

/** What is there before any team comes: the operator's namespace with its login, and Secrets of others. */
export async function createSharedObjects(client: KubeClient, clientSecret: string, foreignSecrets: number) {
  for (const name of [systemNamespace, foreignNamespace])
    await client.create(kinds.namespace, { metadata: { name } }, soon());
  await createSecret(client, `${systemNamespace}/login`, { clientSecret });
  const content = 'x'.repeat(foreignBytes);
  await inParallel(
    0,
    foreignSecrets,
    (index) => createSecret(client, `${foreignNamespace}/foreign-${index}`, { content }),
    width,
  );
}

/** Creates the connection, with the highest limits there are: CodeMie's protection is not what is measured. */
export async function createConnection(client: KubeClient, peers: Peers): Promise<void> {
  await client.create(
    kinds.clusterConnection,
    {
      metadata: { name: connectionName },
      spec: {
        url: peers.codemieUrl,
        auth: {
          clientCredentials: {
            tokenURL: peers.tokenUrl,
            clientID: operatorClientId,
            clientSecretRef: { name: 'login' },
          },
        },
        limits: { concurrency: 64, requestsPerSecond: 1000 },
        consumers: [{ namespaceSelector: {}, projects: ['*'] }],
      },
    },
    soon(),
  );
}

/** Takes the connection away. */
export function removeConnection(client: AdminClient): Promise<void> {
  return discard(client, kinds.clusterConnection, connectionName);
}

/** Triggers a check of the connection, which makes the operator check all of its integrations. */
export async function touchConnection(client: KubeClient): Promise<void> {
  const annotations = { [RECONCILE_REQUESTED_ANNOTATION]: new Date().toISOString() };
  const operations: JsonPatchOp[] = [{ op: 'add', path: '/metadata/annotations', value: annotations }];
  await client.patchJson(kinds.clusterConnection, connectionName, operations, soon());
}

/** Gives an integration another name in CodeMie, as a user's edit. */
export async function rename(client: KubeClient, key: ObjectKey, alias: string): Promise<void> {
  await client.patchJson(kinds.integration, key, [{ op: 'add', path: '/spec/alias', value: alias }], soon());
}

/** Changes the token in a Secret. */
export async function setToken(client: KubeClient, key: ObjectKey, token: string): Promise<void> {
  const value = Buffer.from(token).toString('base64');
  await client.patchJson(kinds.secret, key, [{ op: 'replace', path: '/data/token', value }], soon());
}

/** A new token that the Git host knows. */
export async function newToken(peers: Peers): Promise<string> {
  const token = `ghp_${randomUUID()}`;
  await peers.addToken(token);
  return token;
}

async function createSecret(client: KubeClient, key: ObjectKey, stringData: Record<string, string>) {
  await client.create(kinds.secret, { metadata: metadataOf(key), stringData }, soon());
}

async function discard(client: AdminClient, resource: Resource, key: ObjectKey): Promise<void> {
  // The list may be empty, and then there is nothing that `remove` could find.
  const operations: JsonPatchOp[] = [{ op: 'add', path: '/metadata/finalizers', value: [] }];
  await client.patchJson(resource, key, operations, soon());
  await client.delete(resource, key, soon());
}

function projectName(prefix: string, index: number): string {
  return `${prefix}-project-${index}`;
}

function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}
