import { gitIntegrations, RECONCILE_REQUESTED_ANNOTATION, REGISTRATION_FINALIZER } from '../api/group.ts';
import { parseGitIntegrationSpec } from '../api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationStatus } from '../api/v1alpha1/git-integration-status.ts';
import type { JsonPatchOp } from '../kube/client.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { type Cluster, getObject } from './cluster.ts';
import { CliError, exitCodes, type Io, printable } from './io.ts';

/** How long `reconcile` waits for the operator to answer. */
const answerTimeoutMs = 120_000;
const pollMs = 500;

/**
 * Asks the operator to check objects now, and waits for its answer.
 *
 * @returns the exit code: 1 when the operator did not answer in time
 */
export async function reconcile(
  resource: Resource,
  names: readonly string[],
  waits: boolean,
  cluster: Cluster,
  io: Io,
): Promise<number> {
  let isAnswered = true;
  for (const name of names) {
    const object = await getObject(cluster, resource, name, io.signal);
    const value = new Date(io.now()).toISOString();
    await annotate(resource, object, value, cluster, io);
    io.err(`Asked for a reconcile of ${resource.kind} ${printable(keyOf(object))}.`);
    if (waits) isAnswered = (await waitForAnswer(resource, object, value, cluster, io)) && isAnswered;
  }
  return isAnswered ? exitCodes.ok : exitCodes.negative;
}

async function annotate(
  resource: Resource,
  object: KubeObject,
  value: string,
  { client }: Cluster,
  { signal }: Io,
) {
  const path = `/metadata/annotations/${RECONCILE_REQUESTED_ANNOTATION.replaceAll('/', '~1')}`;
  const missing: JsonPatchOp[] =
    object.metadata.annotations === undefined
      ? [{ op: 'add', path: '/metadata/annotations', value: {} }]
      : [];
  await client.patchJson(resource, keyOf(object), [...missing, { op: 'add', path, value }], signal);
}

async function waitForAnswer(
  resource: Resource,
  object: KubeObject,
  value: string,
  { client }: Cluster,
  io: Io,
): Promise<boolean> {
  const untilMs = io.now() + answerTimeoutMs;
  while (io.now() < untilMs) {
    const current = await client.get(resource, keyOf(object), io.signal);
    const { lastHandledReconcileAt, conditions = [] } = parseGitIntegrationStatus(current?.['status']);
    if (lastHandledReconcileAt === value) {
      const ready = conditions.find(({ type }) => type === 'Ready');
      io.out(
        `${printable(keyOf(object))}: ${printable(ready?.status ?? '-')} ${printable(ready?.reason ?? '-')}\n`,
      );
      return true;
    }
    await io.sleep(pollMs);
  }
  io.err(
    'The operator did not answer within 2 minutes. Check that it runs and that this namespace is its own.',
  );
  return false;
}

/** Sets or clears `spec.suspend`. */
export async function setSuspended(
  names: readonly string[],
  suspend: boolean,
  cluster: Cluster,
  io: Io,
): Promise<number> {
  for (const name of names) {
    const object = await getObject(cluster, gitIntegrations, name, io.signal);
    const spec = parseGitIntegrationSpec(object['spec']);
    if (spec.ok && spec.value.suspend === suspend) {
      io.out(`${printable(keyOf(object))} is ${suspend ? 'suspended' : 'not suspended'} already.\n`);
      continue;
    }
    const patch: JsonPatchOp[] = [{ op: 'add', path: '/spec/suspend', value: suspend }];
    await cluster.client.patchJson(gitIntegrations, keyOf(object), patch, io.signal);
    io.out(`${printable(keyOf(object))} ${suspend ? 'suspended' : 'resumed'}.\n`);
  }
  return exitCodes.ok;
}

/**
 * Takes the operator's finalizer off objects that are being deleted, so that they go and their integrations stay in
 * CodeMie. For when the operator is gone or can't finish.
 *
 * @throws CliError for an object that is not being deleted: the operator would add the finalizer again
 */
export async function release(names: readonly string[], cluster: Cluster, io: Io): Promise<number> {
  for (const name of names) {
    const object = await getObject(cluster, gitIntegrations, name, io.signal);
    if (object.metadata.deletionTimestamp === undefined)
      throw new CliError(
        `GitIntegration ${printable(keyOf(object))} is not being deleted.`,
        'Delete it first with kubectl delete --wait=false, or set spec.deletionPolicy: Orphan to keep the integration in CodeMie.',
      );
    const { registration } = parseGitIntegrationStatus(object['status']);
    await removeFinalizer(cluster.client, gitIntegrations, object, REGISTRATION_FINALIZER, io.signal);
    io.out(`${printable(keyOf(object))} released.\n`);
    if (registration)
      io.out(
        `CodeMie keeps "${printable(registration.alias)}" of project "${printable(registration.project)}" (id ${printable(registration.id)}). Delete it there when it is no longer needed.\n`,
      );
  }
  return exitCodes.ok;
}
