import type { JsonPatchOp, KubeClient } from './client.ts';
import { isInvalid, isNotFound } from './errors.ts';
import { type KubeObject, keyOf, type Resource } from './object.ts';

type FinalizerClient = Pick<KubeClient, 'get' | 'patchJson'>;

/** How often a patch is built again from a fresh read when the object changed in between. */
const maxTries = 3;

/**
 * Adds a finalizer, unless it is there. A patch with tests, so that finalizers of others are never lost, whatever
 * the age of `object`. Returns the object with it; undefined when this incarnation is gone or being deleted (the
 * API server refuses new finalizers then).
 *
 * @throws as KubeClient does; KubeStatusError 422 when others keep changing the finalizers
 */
export async function addFinalizer(
  client: FinalizerClient,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  return patchFinalizers(client, resource, object, signal, (current) => {
    if (current.metadata.deletionTimestamp !== undefined) return 'gone';
    const finalizers = current.metadata.finalizers;
    if (finalizers?.includes(finalizer) === true) return 'done';
    if (finalizers === undefined) {
      // The list does not exist yet. Testing the version keeps one that was created in between from being replaced.
      return [
        { op: 'test', path: '/metadata/resourceVersion', value: current.metadata.resourceVersion },
        { op: 'add', path: '/metadata/finalizers', value: [finalizer] },
      ];
    }
    return [
      { op: 'test', path: '/metadata/finalizers', value: finalizers },
      { op: 'add', path: '/metadata/finalizers/-', value: finalizer },
    ];
  });
}

/**
 * Removes a finalizer, if it is there; the object may be gone after that. Returns what is left of it, or undefined
 * when this incarnation was gone before.
 *
 * @throws as {@link addFinalizer}
 */
export async function removeFinalizer(
  client: FinalizerClient,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  return patchFinalizers(client, resource, object, signal, (current) => {
    const finalizers = current.metadata.finalizers ?? [];
    const index = finalizers.indexOf(finalizer);
    if (index < 0) return 'done';
    return [
      { op: 'test', path: '/metadata/finalizers', value: finalizers },
      { op: 'remove', path: `/metadata/finalizers/${index}` },
    ];
  });
}

async function patchFinalizers(
  client: FinalizerClient,
  resource: Resource,
  object: KubeObject,
  signal: AbortSignal,
  plan: (current: KubeObject) => JsonPatchOp[] | 'done' | 'gone',
): Promise<KubeObject | undefined> {
  const key = keyOf(object);
  let current = object;
  for (let attempt = 1; ; attempt++) {
    const operations = plan(current);
    if (operations === 'done') return current;
    if (operations === 'gone') return undefined;
    const sameObject: JsonPatchOp = { op: 'test', path: '/metadata/uid', value: object.metadata.uid };
    try {
      return await client.patchJson(resource, key, [sameObject, ...operations], signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isInvalid(error) || attempt === maxTries) throw error;
    }
    const fresh = await client.get(resource, key, signal);
    if (fresh === undefined || fresh.metadata.uid !== object.metadata.uid) return undefined;
    current = fresh;
  }
}
