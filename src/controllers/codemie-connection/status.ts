import { connectionConditions } from '../../api/conditions.ts';
import { fitterOf } from '../../api/fit.ts';
import { FIELD_MANAGER, type ResourceDescription } from '../../api/group.ts';
import { connectionStatusSchema, parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { connectionReadiness, summaryConditions } from '../../domain/readiness.ts';
import type { HandledRequests } from '../../domain/reconcile-request.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { VersionMemory } from '../memory.ts';
import { codeMieOutages, mergeConditions, outageNews, ownConditions, sameJson } from '../status-parts.ts';
import type { ConnectionMetrics } from './metrics.ts';
import type { Probe } from './probe.ts';

const fitStatus = fitterOf(connectionStatusSchema);

/**
 * How long a connection that was Ready stays so while CodeMie can't be reached. All its integrations check
 * CodeMie themselves, and would otherwise all write their status for a blip.
 */
const graceMs = durations.connections.graceMs;

/** What the status of one kind of connection is written with. */
export interface StatusDeps {
  kube: Pick<KubeClient, 'applyStatus'>;
  /** Which of the two kinds this is. */
  resource: ResourceDescription;
  versions: Pick<VersionMemory, 'replacedVersion'>;
  events: EventRecorder;
  connectionMetrics: ConnectionMetrics;
  /** Epoch milliseconds. */
  now: () => number;
}

/** What one reconcile found out about a connection. */
export interface ConnectionReport {
  found: Probe;
  /** How many integrations use it. */
  integrations: number;
  handled: HandledRequests;
}

/** Writes the status of a connection, if it changed, and reports a change of readiness. */
export async function writeConnectionStatus(
  connection: KubeObject,
  { found, integrations, handled }: ConnectionReport,
  { deps, signal }: { deps: StatusDeps; signal: AbortSignal },
): Promise<void> {
  const { generation = 0, uid, resourceVersion } = connection.metadata;
  const all = parseConnectionStatus(connection['status']);
  const previous = ownConditions(all.conditions, connectionConditions) ?? [];
  const stored = { ...all, conditions: all.conditions && previous };
  const account = found.account ?? stored.account;
  const serverVersion = found.serverVersion ?? stored.serverVersion;
  const status = fitStatus({
    observedGeneration: generation,
    conditions: mergeConditions(
      summaryConditions(connectionReadiness(found.ready, { previous, generation, graceMs, now: deps.now() })),
      previous,
      generation,
      deps.now(),
    ),
    ...(account && { account }),
    ...(serverVersion !== undefined && { serverVersion }),
    integrations,
    ...handled,
  });
  deps.connectionMetrics.observe(deps.resource.kind, connection, status);
  if (sameJson(status, stored)) return;
  try {
    const options = { fieldManager: FIELD_MANAGER, uid, resourceVersion };
    const key = keyOf(connection);
    const { metadata } = await deps.kube.applyStatus(deps.resource, key, status, options, signal);
    deps.versions.replacedVersion(key, resourceVersion, metadata.resourceVersion);
  } catch (error) {
    // The connection, or this incarnation of it, is gone: there is no status left to write.
    if (isNotFound(error)) return;
    throw error;
  }
  recordEvents(connection, previous, status.conditions ?? [], deps);
}

function recordEvents(
  connection: KubeObject,
  previous: readonly Condition[],
  conditions: readonly Condition[],
  deps: StatusDeps,
): void {
  const outage = outageNews(previous, conditions, codeMieOutages);
  if (outage) deps.events.record(connection, outage);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const before = previous.find(({ type }) => type === 'Ready');
  if (!ready || (ready.status === before?.status && ready.reason === before.reason)) return;
  deps.events.record(connection, {
    type: ready.status === 'False' ? 'Warning' : 'Normal',
    reason: ready.reason,
    action: 'Reconcile',
    note: ready.message,
  });
}
