import { z } from 'zod';
import {
  clusterCodeMieConnections,
  codeMieConnections,
  FLUX_RECONCILE_REQUESTED_ANNOTATION,
  RECONCILE_REQUESTED_ANNOTATION,
} from '../api/group.ts';
import { referenceKey } from '../api/references.ts';
import { parseConnectionStatus } from '../api/v1alpha1/connection-status.ts';
import type { Informer } from '../kube/informer.ts';
import { type KubeObject, keyOf } from '../kube/object.ts';
import type { Change } from '../kube/store.ts';
import type { Lane, WorkQueue } from '../kube/work-queue.ts';
import { durations } from '../lib/durations.ts';
import { usersOf } from './codemie-connection/indexes.ts';
import type { SessionPool } from './codemie-connection/session-pool.ts';
import {
  changedNeighbours,
  connectionKeyOf,
  nextInLine,
  registeredThrough,
} from './git-integration/indexes.ts';
import type { RequestGate } from './request-gate.ts';

/** The followed kinds. Secrets, ConfigMaps and Namespaces are followed by metadata only. */
export interface InformerSet {
  integrations: Informer;
  clusterConnections: Informer;
  connections: Informer;
  secrets: Informer;
  configMaps: Informer;
  namespaces: Informer;
}

/** One queue per reconciler. Those of connections are absent where another shard reconciles them. */
export interface Queues {
  integrations: WorkQueue;
  clusterConnections?: WorkQueue;
  connections?: WorkQueue;
}

/** A connection counts its integrations at most once in this time, however many are applied at once. */
const countDelayMs = durations.operator.countDelayMs;

/** Which change wakes which keys. Changes of the status alone wake none: they are our own. */
export function watch(
  informers: InformerSet,
  queues: Queues,
  sessions: SessionPool,
  requests: RequestGate,
): void {
  const { integrations, clusterConnections, connections } = informers;
  const users = (kind: string, connection: KubeObject) => usersOf(connection, kind, integrations.store);
  const stores = {
    integrations: integrations.store,
    clusterConnections: clusterConnections.store,
    connections: connections.store,
  };
  const addIntegrations = (objects: readonly KubeObject[], lane: Lane) => {
    for (const object of objects) queues.integrations.add(keyOf(object), { lane });
  };

  // A request for a reconcile alone waits until it may be acted on.
  const addChanged = (change: Change, queue: WorkQueue) => {
    const waitMs = requests.notice(change.object);
    const lane = laneOf(change);
    if (isSame(change, { butRequests: true })) queue.addAfter(keyOf(change.object), waitMs, { lane });
    else queue.add(keyOf(change.object), { lane });
  };
  integrations.onChange((change) => {
    addIntegrations(nextInLine(change, stores), 'high');
    addIntegrations(changedNeighbours(change, integrations.store), 'low');
    countFormer(change, informers, queues);
    if (isOwnEcho(change)) return;
    addChanged(change, queues.integrations);
    countAgain(change, queues);
  });

  for (const [kind, informer, queue] of [
    [clusterCodeMieConnections.kind, clusterConnections, queues.clusterConnections],
    [codeMieConnections.kind, connections, queues.connections],
  ] as const) {
    informer.onChange((change) => {
      if (queue && !isOwnEcho(change)) addChanged(change, queue);
      if (!isOwnEcho(change) || readyOf(change.object) !== readyOf(change.previous))
        addIntegrations(users(kind, change.object), 'low');
      if (change.type === 'deleted') sessions.forget(change.object.metadata.uid);
    });
  }

  for (const [kind, informer] of [
    ['Secret', informers.secrets],
    ['ConfigMap', informers.configMaps],
  ] as const) {
    let isReplay = true;
    informer.onChange((change) => {
      // What was there before is read anyway, when its readers have their first reconcile. What a later list adds came
      // while the watch was away, and its readers wait for it.
      if (isReplay) return;
      const { namespace = '', name } = change.object.metadata;
      const reference = referenceKey(kind, namespace, name);
      addIntegrations(integrations.store.byIndex('reference', reference), laneOf(change));
      for (const [kindOf, { store }, queue] of [
        [clusterCodeMieConnections.kind, clusterConnections, queues.clusterConnections],
        [codeMieConnections.kind, connections, queues.connections],
      ] as const) {
        for (const connection of store.byIndex('reference', reference)) {
          sessions.renew(connection.metadata.uid);
          queue?.add(keyOf(connection), { lane: laneOf(change) });
          // One that is being deleted is never Ready again, and its users wait for the Secret alone.
          if (connection.metadata.deletionTimestamp) addIntegrations(users(kindOf, connection), 'low');
        }
      }
    });
    isReplay = false;
  }

  informers.namespaces.onChange((change) => {
    if (change.type === 'updated' && !namespaceMatters(change)) return;
    addIntegrations(integrations.store.byIndex('namespace', change.object.metadata.name), 'low');
  });
}

/**
 * What a watch brings may have a user waiting for it. What a list brings is a backlog, as at the start; but an object
 * that was created, changed or deleted while no operator watched must not wait behind all of those of its namespace
 * that are only checked again. Metadata alone does not show that.
 */
export function laneOf({ origin, object }: Change): Lane {
  if (origin === 'watch') return 'high';
  const { generation, deletionTimestamp } = object.metadata;
  if (generation === undefined) return 'low';
  const handled = handledSchema.safeParse(object['status']).data?.observedGeneration;
  return handled === generation && deletionTimestamp === undefined ? 'low' : 'high';
}

const handledSchema = z.object({ observedGeneration: z.int() });

/**
 * An update in which nothing differs that a user or another controller decides. Finalizers matter only while an
 * object is being deleted: before, the change is our own, in the middle of a reconcile.
 */
function isOwnEcho(change: Change): boolean {
  return isSame(change, { butRequests: false });
}

/** Whether an update changed none of the facts, or none but the annotations that ask for a reconcile. */
function isSame({ type, object, previous }: Change, { butRequests }: { butRequests: boolean }): boolean {
  if (type !== 'updated' || !previous) return false;
  // Labels say which shard an object is for.
  const facts = ({
    metadata: { generation, deletionTimestamp, labels, annotations, finalizers },
  }: KubeObject) =>
    JSON.stringify([
      generation,
      deletionTimestamp,
      labels,
      butRequests ? withoutRequests(annotations) : annotations,
      deletionTimestamp && finalizers,
    ]);
  return facts(object) === facts(previous);
}

function withoutRequests(annotations: KubeObject['metadata']['annotations'] = {}): unknown {
  const {
    [RECONCILE_REQUESTED_ANNOTATION]: _own,
    [FLUX_RECONCILE_REQUESTED_ANNOTATION]: _flux,
    ...others
  } = annotations;
  return others;
}

function countAgain({ object, previous }: Change, queues: Queues): void {
  for (const each of [object, previous]) {
    const connection = each && connectionKeyOf(each);
    if (!connection) continue;
    const ofCluster = connection.kind === clusterCodeMieConnections.kind;
    const queue = ofCluster ? queues.clusterConnections : queues.connections;
    queue?.addAfter(connection.key, countDelayMs);
  }
}

/** Who has moved to another connection no longer holds the former one. */
function countFormer(
  { type, object, previous }: Change,
  { clusterConnections, connections }: InformerSet,
  queues: Queues,
): void {
  const gone = type === 'deleted';
  const before = registeredThrough(gone ? object : (previous ?? object));
  if (before === undefined || (!gone && before === registeredThrough(object))) return;
  for (const [{ store }, queue] of [
    [clusterConnections, queues.clusterConnections],
    [connections, queues.connections],
  ] as const) {
    for (const connection of store.byIndex('uid', before)) queue?.addAfter(keyOf(connection), countDelayMs);
  }
}

function readyOf(object: KubeObject | undefined): string | undefined {
  const ready = parseConnectionStatus(object?.['status']).conditions?.find(({ type }) => type === 'Ready');
  return ready && `${ready.status} ${ready.observedGeneration}`;
}

function namespaceMatters({ object, previous }: Change): boolean {
  const facts = (each: KubeObject | undefined) =>
    JSON.stringify([each?.metadata.labels, each?.metadata.deletionTimestamp !== undefined]);
  return facts(object) !== facts(previous);
}
