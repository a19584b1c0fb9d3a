import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import { type ConnectionStatus, parseConnectionStatus } from '../../src/api/v1alpha1/connection-status.ts';
import type { NewObject } from '../../src/kube/client.ts';
import { isInvalid, isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject, ObjectKey, Resource } from '../../src/kube/object.ts';
import { type Cluster, kinds, metadataOf, type Seen } from '../harness/cluster.ts';
import type { CodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import { gatewayError } from '../harness/peers/codemie/faults.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import type { World } from '../harness/world.ts';
import { clientCredentials, type Suite } from './suite.ts';

/** Stores a GitHub token that works, under the key `token`, and returns it. */
export async function storeGitHubToken(suite: Suite, key: ObjectKey): Promise<string> {
  const token = suite.secret('ghp_');
  suite.world.github.addToken({ token, login: 'octocat' });
  await suite.cluster.createSecret(key, { token });
  return token;
}

/** The rows of that alias. */
export function rowsCalled(codemie: CodeMiePeer, alias: string): SettingRow[] {
  return codemie.rows().filter((row) => row.alias === alias);
}

/** From its first row of that alias on, a CodeMie lists nothing, so that no status records what is made there. */
export function listNothingWith(codemie: CodeMiePeer, alias: string): void {
  codemie.faults.decide(({ method, path }) =>
    method === 'GET' && path.includes('/v1/settings') && rowsCalled(codemie, alias).length > 0
      ? { outcome: gatewayError(502, 'beforeCommit') }
      : undefined,
  );
  onTestFinished(() => codemie.faults.decide(undefined));
}

/**
 * A GitIntegration with the token of Secret `token`, through the connection `own`, under its own alias, unless
 * `spec` says otherwise.
 */
export function gitHubIntegration(key: ObjectKey, spec: Record<string, unknown> = {}): NewObject {
  return {
    metadata: metadataOf(key),
    spec: {
      connectionRef: { kind: 'CodeMieConnection', name: 'own' },
      provider: 'GitHub',
      project: 'demo',
      alias: key,
      auth: { token: { secretRef: { name: 'token' } } },
      ...spec,
    },
  };
}

/**
 * Makes a ClusterCodeMieConnection of a new name to the world's CodeMie and returns the name. It goes when the test
 * ends, whatever holds it: connections of the cluster would outlive the namespaces of the file.
 */
export async function makeClusterConnection(
  { cluster, world }: Suite,
  spec: Record<string, unknown>,
): Promise<string> {
  const name = `shared-${randomUUID().slice(0, 8)}`;
  await cluster.create(kinds.clusterConnection, {
    metadata: { name },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login'), ...spec },
  });
  onTestFinished(() => discard(cluster, kinds.clusterConnection, name));
  return name;
}

/** Deletes an object without its finalizers, as an impatient user does. */
export async function discard(cluster: Cluster, resource: Resource, key: ObjectKey): Promise<void> {
  await cluster.delete(resource, key);
  const left = await cluster.get(resource, key);
  if (!left?.metadata.finalizers) return;
  await cluster
    .patch(resource, key, [{ op: 'remove', path: '/metadata/finalizers' }])
    .catch((error: unknown) => {
      // The operator was quicker.
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    });
}

/** A connection with its parsed status. */
export interface SeenConnection {
  object: KubeObject;
  status: ConnectionStatus;
  /** The message of Ready. */
  message: string;
}

/**
 * Waits until the conditions of a connection are as wanted, in the notation of `Seen.is`: `True/Ready`, `False`, and
 * an empty text for a condition that is absent.
 */
export async function waitForConnection(
  cluster: Cluster,
  resource: Resource,
  key: ObjectKey,
  wanted: Record<string, string>,
): Promise<SeenConnection> {
  let last = 'nothing';
  const look = async (): Promise<SeenConnection | undefined> => {
    const object = await cluster.get(resource, key);
    if (!object) return undefined;
    const status = parseConnectionStatus(object['status']);
    const conditions = status.conditions ?? [];
    last = JSON.stringify(conditions);
    const found = (type: string) => conditions.find((condition) => condition.type === type);
    const fits = Object.entries(wanted).every(([type, want]) => {
      const { status: is, reason, observedGeneration } = found(type) ?? {};
      if (is === undefined || want === '') return is === undefined && want === '';
      return observedGeneration === object.metadata.generation && (want === is || want === `${is}/${reason}`);
    });
    return fits ? { object, status, message: found('Ready')?.message ?? '' } : undefined;
  };
  return cluster.waitFor(`${key} to have ${JSON.stringify(wanted)}`, look).catch((error: unknown) => {
    throw new Error(`Last seen: ${last}`, { cause: error });
  });
}

/** Asks for a reconcile as users do, and returns the value that `status.lastHandledReconcileAt` will have. */
export async function requestReconcile(
  cluster: Cluster,
  resource: Resource,
  key: ObjectKey,
): Promise<string> {
  const value = randomUUID();
  const object = await cluster.get(resource, key);
  const annotations = { ...object?.metadata.annotations, [RECONCILE_REQUESTED_ANNOTATION]: value };
  await cluster.patch(resource, key, [{ op: 'add', path: '/metadata/annotations', value: annotations }]);
  return value;
}

/** Asks for a reconcile of a GitIntegration and waits until it was done and the conditions are as wanted. */
export async function reconciled(
  cluster: Cluster,
  key: ObjectKey,
  wanted: Record<string, string> = {},
): Promise<Seen> {
  const value = await requestReconcile(cluster, kinds.integration, key);
  return cluster.waitFor(`${key} to be reconciled`, async () => {
    const seen = await cluster.waitForConditions(key, wanted);
    return seen.status.lastHandledReconcileAt === value && seen;
  });
}

/** The rows of CodeMie whose owner mark is that of an object. */
export function rowsOf({ codemie }: World, key: ObjectKey) {
  return codemie
    .rows()
    .filter((row) =>
      row.credential_values.some(
        ({ key: name, value }) => name === 'managed_by' && String(value).endsWith(`/${key}`),
      ),
    );
}

/** Waits for the event of that reason about an object and returns its note. Works for objects that are gone, too. */
export function waitForEvent(cluster: Cluster, key: ObjectKey, reason: string): Promise<string> {
  const { namespace = '', name } = metadataOf(key);
  return cluster.waitFor(`event ${reason} about ${key}`, async () => {
    const found = (await cluster.list(kinds.event, namespace))
      .map((event) => eventSchema.parse(event))
      .find((event) => event.regarding.name === name && event.reason === reason);
    return found?.note;
  });
}

const eventSchema = z.object({
  reason: z.string(),
  note: z.string(),
  regarding: z.object({ name: z.string() }),
});
