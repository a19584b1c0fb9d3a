import { IN_USE_FINALIZER } from '../../api/group.ts';
import { parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import { type ReconcileRequests, reconcileRequests } from '../../domain/reconcile-request.ts';
import { steadyInterval, waitUntil } from '../../domain/schedule.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ReconcileContext, Result } from '../../kube/controller.ts';
import { RetryAfterError } from '../../kube/errors.ts';
import { removeFinalizer } from '../../kube/finalizers.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import { durations } from '../../lib/durations.ts';
import { needsCleanUp, type RouteDeps } from '../git-integration/removal.ts';
import { readCurrent, type VersionMemory } from '../memory.ts';
import type { RequestGate } from '../request-gate.ts';
import { sessionsAside } from '../waiting-aside.ts';
import { usersOf } from './indexes.ts';
import { type Probe, probe } from './probe.ts';
import type { SessionPool } from './session-pool.ts';
import { type StatusDeps, writeConnectionStatus } from './status.ts';

/** Everything that the reconciler of one kind of connection works with. Made in `operator.ts`. */
export interface ConnectionDeps extends RouteDeps, StatusDeps {
  kube: KubeClient;
  /** The connections of that kind. */
  store: Store;
  /** Of the connections of that kind. `memory` is the integrations'. */
  versions: VersionMemory;
  integrations: Store;
  sessions: SessionPool;
  /** Which requests for a reconcile may be acted on. */
  requests: RequestGate;
  /** Has a connection of that kind reconciled after that time at the latest. */
  wakeAfter: (key: ObjectKey, delayMs: number) => void;
}

/** How often a connection that works is checked. */
const intervalMs = durations.connections.checkMs;
/** How often one that does not: nothing reports what users change in CodeMie or the identity provider. */
const troubleIntervalMs = durations.connections.troubleCheckMs;

/**
 * Checks CodeMie through one connection and reports the result; holds a connection that is being deleted while
 * an integration still needs it to clean up.
 *
 * @throws Error to come back with backoff; the status is written by then
 */
export async function reconcileConnection(
  key: ObjectKey,
  deps: ConnectionDeps,
  { signal, aside }: ReconcileContext,
): Promise<Result> {
  const connection = await readCurrent(deps.resource, key, { ...deps, memory: deps.versions }, signal);
  if (!connection) {
    deps.versions.goneFromCache(key);
    deps.connectionMetrics.forget(deps.resource.kind, key);
    return {};
  }
  const users = usersOf(connection, deps.resource.kind, deps.integrations);
  const deleting = connection.metadata.deletionTimestamp !== undefined;
  const holders = deleting ? holdersOf(connection, deps) : [];

  // A user without anything to clean up may be about to register: its pass marks the connection first.
  const free = deleting ? holders.length === 0 : users.length === 0;
  if (free) await removeFinalizer(deps.kube, deps.resource, connection, IN_USE_FINALIZER, signal);
  if (deleting && free) {
    deps.sessions.forget(connection.metadata.uid);
    return {};
  }
  const sessions = sessionsAside(deps.sessions, connection.metadata.namespace, aside);
  const requests = requestsOf(connection, deps);
  const refresh = requests.fresh !== undefined;
  const found = await probe(connection, { sessions, refresh, now: deps.now }, signal);
  const report = {
    found: deleting ? { ...found, ready: inUse(holders) } : found,
    integrations: users.length,
    handled: requests.handled,
  };
  await writeConnectionStatus(connection, report, { deps, signal });
  return comeBack(found, connection.metadata.uid, deps.now());
}

/** The requests for a reconcile that may be acted on now; others are left for later, and do not count as handled. */
function requestsOf(connection: KubeObject, { requests, wakeAfter }: ConnectionDeps): ReconcileRequests {
  const stored = parseConnectionStatus(connection['status']);
  const found = reconcileRequests(connection.metadata.annotations, stored);
  if (found.fresh === undefined) return found;
  const admission = requests.admit(connection, found.fresh);
  if ('requestedAtMs' in admission) return found;
  wakeAfter(keyOf(connection), admission.waitMs);
  const { lastHandledReconcileAt, otherHandledReconcileAt } = stored;
  return { fresh: undefined, handled: { lastHandledReconcileAt, otherHandledReconcileAt } };
}

/**
 * Those that have something to clean up through the connection. Only what this process wrote may be through another
 * connection than the one that status and spec name, and that is in memory for a moment.
 */
function holdersOf(connection: KubeObject, deps: ConnectionDeps): KubeObject[] {
  const { uid } = connection.metadata;
  const users = usersOf(connection, deps.resource.kind, deps.integrations);
  const found = new Map(
    [...deps.memory.writersThrough(uid), ...users].map((each) => [each.metadata.uid, each]),
  );
  return [...found.values()].filter((each) => needsCleanUp(each, connection, deps));
}

/** A connection of the cluster must not name objects of one namespace to all who may read it, so they are counted. */
function inUse(holders: readonly KubeObject[]) {
  const how = holders.length === 1 ? 'One GitIntegration needs' : `${holders.length} GitIntegrations need`;
  const message = `${how} this connection to clean CodeMie up. Delete them, or set their deletionPolicy: Orphan first.`;
  return { status: 'Unknown', reason: 'InUse', message } as const;
}

function comeBack({ ready, retryAtMs }: Probe, uid: string, now: number): Result {
  if (retryAtMs !== undefined) throw new RetryAfterError(ready.message, waitUntil(retryAtMs, now));
  if (ready.status === 'Unknown') throw new Error(ready.message);
  return { requeueAfterMs: steadyInterval(ready.status === 'True' ? intervalMs : troubleIntervalMs, uid) };
}
