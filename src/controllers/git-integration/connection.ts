import { clusterCodeMieConnections, codeMieConnections } from '../../api/group.ts';
import { parseConnection } from '../../api/v1alpha1/connection-spec.ts';
import { parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import type { GitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import type { Registration } from '../../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { serverKey } from '../../domain/claim.ts';
import { connectionAccess, usableProjects } from '../../domain/tenancy.ts';
import { RetryAfterError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import { allowsServer } from '../../net/egress-policy.ts';
import { needsPerson, waiting } from './halt.ts';
import type { Deps, Integration, ResolvedConnection } from './pass.ts';

/** How long to wait for the first check of a connection before checking again whether there was one. */
const unseenDelayMs = durations.integrations.uncheckedConnectionMs;

type ConnectionRef = GitIntegrationSpec['connectionRef'];

/**
 * Step 2: the connection is found, allows this namespace and project, and is Ready. It comes before the
 * credentials, because it says which hosts may see them.
 *
 * @throws Halt on `Registered`; RetryAfterError while no one has checked the connection, which says nothing yet
 */
export function resolveConnection(
  integration: Integration,
  deps: Pick<Deps, 'clusterConnections' | 'connections' | 'followsClusterConnections' | 'namespaces'>,
): ResolvedConnection {
  const { namespace, spec } = integration;
  const ref = spec.connectionRef;
  const connection = connectionName(ref);
  if (isUnwatched(ref, deps))
    throw needsPerson(
      'Registered',
      'ConnectionNotAllowed',
      `The operator of this namespace does not serve ${connection}.`,
      'Name a CodeMieConnection of this namespace in spec.connectionRef, or ask for --cluster-connections=true.',
    );
  const object = findConnection(ref, namespace, deps);
  if (!object)
    throw needsPerson(
      'Registered',
      'ConnectionNotFound',
      `${connection} does not exist.`,
      'Create it, or correct spec.connectionRef.',
    );

  const parsed = parseConnection(object);
  if (!parsed.ok)
    throw waiting('Registered', 'ConnectionNotReady', `${connection} is not Ready: its spec is not valid.`, {
      kind: 'wait',
    });
  refuseUnlessAllowed(connection, parsed.value, integration, deps);
  const { observedGeneration, conditions = [] } = parseConnectionStatus(object['status']);
  const { generation } = object.metadata;
  // A new or edited connection is checked in a moment, and that wakes everyone who waits for it. Until then it
  // is not worth a write to each of its integrations.
  if (observedGeneration !== generation)
    throw new RetryAfterError(`${connection} was not checked yet.`, unseenDelayMs);
  if (!isReady(conditions, generation))
    throw waiting('Registered', 'ConnectionNotReady', `${connection} is not Ready.`, { kind: 'wait' });
  const resource = ref.kind === 'CodeMieConnection' ? codeMieConnections : clusterCodeMieConnections;
  return { object, resource, uid: object.metadata.uid, spec: parsed.value };
}

/** How messages name a connection. */
export function connectionName({ kind, name }: ConnectionRef): string {
  return `${kind} "${name}"`;
}

/** Whether a connection lets a namespace write a project. Of one whose spec does not parse no one knows that. */
export function allows(
  connection: KubeObject,
  namespace: string,
  project: string,
  { namespaces }: Pick<Deps, 'namespaces'>,
): boolean {
  const parsed = parseConnection(connection);
  if (!parsed.ok || (connection.metadata.namespace ?? namespace) !== namespace) return false;
  return connectionAccess(parsed.value, { namespace: factsOf(namespace, namespaces), project }) === 'allowed';
}

/** Whether a connection works, as it is now. */
export function isWorking(connection: KubeObject): boolean {
  const { conditions = [] } = parseConnectionStatus(connection['status']);
  return isReady(conditions, connection.metadata.generation);
}

/**
 * CodeMie is not asked for this, and the answer is the same for a project that exists and for one that does not: it
 * shows a namespace what it is granted and nothing else.
 */
function refuseUnlessAllowed(
  connection: string,
  rules: ResolvedConnection['spec'],
  { namespace, spec: { project } }: Integration,
  { namespaces }: Pick<Deps, 'namespaces'>,
): void {
  const facts = factsOf(namespace, namespaces);
  const access = connectionAccess(rules, { namespace: facts, project });
  if (access === 'allowed') return;
  if (access === 'consumers')
    throw needsPerson(
      'Registered',
      'ConnectionNotAllowed',
      `${connection} does not allow namespace "${namespace}".`,
      'Ask the owner of the connection to add it to spec.consumers there.',
    );
  const usable = usableProjects(rules, facts);
  const [field, who] =
    access === 'consumersProjects'
      ? ['spec.consumers', ` for namespace "${namespace}"`]
      : ['spec.projects.allowed', ''];
  throw needsPerson(
    'Registered',
    'ProjectNotAllowed',
    `${connection} does not allow project "${project}"${who}${usable.length > 0 ? `, only: ${shortened(usable)}` : ''}.`,
    `Check the spelling, upper and lower case count (spec.project can't be edited: delete the object and create it again), or ask the owner of the connection to add the project to ${field} there.`,
  );
}

/** As many as fit into a message that people read. */
function shortened(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

function factsOf(name: string, namespaces: Deps['namespaces']) {
  return { name, labels: namespaces.get(name)?.metadata.labels ?? {} };
}

/** Whether a connection may exist that this operator knows nothing of. */
export function isUnwatched(
  { kind }: ConnectionRef,
  { followsClusterConnections }: Pick<Deps, 'followsClusterConnections'>,
): boolean {
  return kind === 'ClusterCodeMieConnection' && !followsClusterConnections;
}

/** The connection that a reference means, as the cache holds it. */
export function findConnection(
  ref: ConnectionRef,
  namespace: string,
  { clusterConnections, connections }: Pick<Deps, 'clusterConnections' | 'connections'>,
): KubeObject | undefined {
  return ref.kind === 'CodeMieConnection'
    ? connections.get(`${namespace}/${ref.name}`)
    : clusterConnections.get(ref.name);
}

/** The connection with this UID, of either kind, if it still exists. */
export function connectionByUid(
  uid: string,
  { clusterConnections, connections }: Pick<Deps, 'clusterConnections' | 'connections'>,
): KubeObject | undefined {
  return [clusterConnections, connections].flatMap((store) => store.byIndex('uid', uid))[0];
}

/** Whether a connection, as it is now, leads to where something was registered: its URL may have been changed. */
export function pointsToServerOf(connection: KubeObject, { connectionUID, server }: Registration): boolean {
  if (connection.metadata.uid !== connectionUID) return false;
  const parsed = parseConnection(connection);
  return parsed.ok && parsed.value.url === server;
}

/** The `serverKey` of the CodeMie that a connection leads to as it is now; undefined where its spec can't be used. */
export function serverOf(connection: KubeObject): string | undefined {
  const parsed = parseConnection(connection);
  return parsed.ok ? serverKey(parsed.value.url) : undefined;
}

/** Ready for the spec as it is now, not for an earlier one. */
function isReady(conditions: readonly Condition[], generation: number | undefined): boolean {
  return conditions.some(
    ({ type, status, observedGeneration }) =>
      type === 'Ready' && status === 'True' && observedGeneration === generation,
  );
}

/**
 * The connection lists each of these servers: what is called, and what CodeMie gets to call. It comes before anything is
 * asked, so that the message can name the field.
 *
 * @throws Halt `HostNotAllowed` on `CredentialsValid`
 */
export function requireAllowedServers(
  urls: readonly URL[],
  { resource, object, spec: { providerHosts } }: ResolvedConnection,
): void {
  const refused = urls.find((url) => !allowsServer(providerHosts, url));
  if (refused === undefined) return;
  throw needsPerson(
    'CredentialsValid',
    'HostNotAllowed',
    `spec.providerHosts of ${resource.kind} "${object.metadata.name}" does not list ${refused.host}.`,
    'Ask the owner of the connection to add it, or correct spec.url and spec.apiURL.',
  );
}
