import type { KeyObject } from 'node:crypto';
import { gitIntegrationConditions } from '../../api/conditions.ts';
import { gitIntegrations } from '../../api/group.ts';
import { parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import { isAuthentic } from '../../domain/digests.ts';
import { reconcileRequests } from '../../domain/reconcile-request.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';
import { readCurrent } from '../memory.ts';
import { ownConditions } from '../status-parts.ts';
import type { Deps, Loaded } from './pass.ts';

/**
 * Step 1: the object as it is now. Undefined when it is gone.
 *
 * @throws what the KubeClient throws
 */
export async function load(
  key: ObjectKey,
  {
    kube,
    integrations,
    memory,
    requests,
    wakeAfter,
    digestKey,
  }: Pick<Deps, 'kube' | 'integrations' | 'memory' | 'requests' | 'wakeAfter' | 'digestKey'>,
  signal: AbortSignal,
): Promise<Loaded | undefined> {
  const object = await readCurrent(gitIntegrations, key, { kube, store: integrations, memory }, signal);
  if (!object) return undefined;
  const loaded = authenticated(parseObject(object, memory.handledRequest(key)), digestKey);
  const { fresh } = loaded.requests;
  if (!loaded.forceCheck || fresh === undefined) return loaded;
  const admission = requests.admit(object, fresh);
  if ('requestedAtMs' in admission) return { ...loaded, requestedAtMs: admission.requestedAtMs };
  wakeAfter(key, admission.waitMs);
  return putOff(loaded);
}

/** The same as if the request were not there: it is acted on later, and the status does not call it handled. */
function putOff(loaded: Loaded): Loaded {
  const { lastHandledReconcileAt, otherHandledReconcileAt } = loaded.status;
  const handled = { lastHandledReconcileAt, otherHandledReconcileAt };
  return { ...loaded, forceCheck: false, requests: { fresh: undefined, handled } };
}

/** Leaves a registration out that this operator did not sign: it is forged, or older than signatures. */
export function authenticated(loaded: Loaded, digestKey: KeyObject): Loaded {
  const { registration, ...status } = loaded.status;
  if (!registration || isAuthentic(loaded.uid, registration, digestKey)) return loaded;
  return { ...loaded, status };
}

/**
 * What an object of the API server says.
 *
 * @param handled the request for which an earlier reconcile asked again already, which the status does not show yet
 */
export function parseObject(object: KubeObject, handled?: string): Loaded {
  const { metadata } = object;
  const stored = parseGitIntegrationStatus(object['status']);
  const conditions = ownConditions(stored.conditions, gitIntegrationConditions);
  const status = { ...stored, conditions };
  const requests = reconcileRequests(metadata.annotations, stored);
  return {
    object,
    key: keyOf(object),
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    parsed: parseGitIntegrationSpec(object['spec']),
    status,
    conditions: conditions ?? [],
    requests,
    forceCheck: requests.fresh !== undefined && requests.fresh !== handled,
  };
}
