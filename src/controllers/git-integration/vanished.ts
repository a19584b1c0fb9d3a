import { gitIntegrations } from '../../api/group.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { finalize } from './finalize.ts';
import { authenticated, parseObject } from './load.ts';
import type { Pass } from './pass.ts';
import { startReport } from './report.ts';

/**
 * Cleans up after an object that ended in the middle of a write to CodeMie, finalizer or not. The API server looks for
 * finalizers before it deletes and not again, so that one which is added in between holds nothing back
 * (`Store.Delete` of k8s.io/apiserver, pkg/registry/generic/registry/store.go). Or somebody took them away.
 *
 * @param uid of the object that has the name now, if there is one
 * @returns whether there was something to clean up; the key is looked at again then
 * @throws as `finalize`
 */
export async function finalizeVanished(
  key: ObjectKey,
  uid: string | undefined,
  { deps, signal }: Pick<Pass, 'deps' | 'signal'>,
): Promise<boolean> {
  const object = deps.unrecorded.other(key, uid);
  if (!object) return false;
  // An API server that lags behind the others fills the cache with a past in which the object is yet to come.
  const now = await deps.kube.get(gitIntegrations, key, signal);
  if (now?.metadata.uid === object.metadata.uid) return false;
  const loaded = { ...authenticated(parseObject(object), deps.digestKey), deleting: true };
  await finalize({ integration: loaded, report: startReport(loaded), deps, signal });
  deps.wake(key);
  return true;
}
