import { type ConnectionConditionType, connectionConditions } from '../../api/conditions.ts';
import { fitterOf } from '../../api/fit.ts';
import { FIELD_MANAGER } from '../../api/group.ts';
import { connectionStatusSchema, parseConnectionStatus } from '../../api/v1alpha1/connection-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { type Finding, isAwaited } from '../../domain/readiness.ts';
import type { HandledRequests } from '../../domain/reconcile-request.ts';
import { isNotFound } from '../../kube/errors.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import { mergeConditions, ownConditions, sameJson } from '../status-parts.ts';
import type { Probe } from './probe.ts';
import type { ConnectionDeps } from './reconcile.ts';

const fitStatus = fitterOf(connectionStatusSchema);

/**
 * How long a connection that was Ready stays so while CodeMie can't be reached. All its integrations look at
 * CodeMie themselves, and would otherwise all write their status for a blip.
 */
const graceMs = 15 * 60_000;

/** Writes the status of a connection, if it changed, and tells of a change of readiness. */
export async function writeConnectionStatus(
  connection: KubeObject,
  found: Probe,
  integrations: number,
  handled: HandledRequests,
  deps: ConnectionDeps,
  signal: AbortSignal,
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
      sumUp(found.ready, previous, generation, deps.now()),
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
    deps.ownWrites.note(key, resourceVersion, metadata.resourceVersion);
  } catch (error) {
    // The connection, or this incarnation of it, is gone: there is nobody left to tell.
    if (isNotFound(error)) return;
    throw error;
  }
  tell(connection, previous, status.conditions ?? [], deps);
}

function sumUp(
  ready: Finding,
  previous: readonly Condition[],
  generation: number,
  now: number,
): Partial<Record<ConnectionConditionType, Finding>> {
  if (ready.status === 'True') return { Ready: ready };
  const mark: Finding = { ...ready, status: 'True' };
  if (ready.status === 'False') return isAwaited(ready) ? { Ready: ready } : { Ready: ready, Stalled: mark };
  const before = previous.find(({ type }) => type === 'Ready');
  const trouble = previous.find(({ type }) => type === 'Reconciling');
  const since = trouble ? Date.parse(trouble.lastTransitionTime) : now;
  const stays =
    before?.status === 'True' && before.observedGeneration === generation && now - since < graceMs;
  return { Ready: stays && ready.reason !== 'InUse' ? before : ready, Reconciling: mark };
}

function tell(
  connection: KubeObject,
  previous: readonly Condition[],
  conditions: readonly Condition[],
  deps: ConnectionDeps,
): void {
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
