import type { KubeClient } from '../kube/client.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/object.ts';
import type { Store } from '../kube/store.ts';

/**
 * Which versions of an object this process has replaced itself. The cache hears of a write a moment after it was
 * made, and a pass that started in between would know nothing of the registration that the last one wrote down.
 * Versions are compared for equality only:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export interface OwnWrites {
  /** Notes that a write made `after` of the version `before`. The same version means that nothing was written. */
  note(key: ObjectKey, before: string, after: string): void;
  /** Whether an object of the cache is older than our last write. What is noted goes when it is not. */
  replaced(cached: KubeObject): boolean;
  /** Drops what is noted of an object that is gone. */
  forget(key: ObjectKey): void;
}

/** Makes an empty memory. It holds only objects whose writes the cache has yet to hear of, or to be asked about. */
export function createOwnWrites(): OwnWrites {
  const replaced = new Map<ObjectKey, Set<string>>();
  return {
    note(key, before, after) {
      if (before === after) return;
      const versions = replaced.get(key) ?? new Set();
      replaced.set(key, versions.add(before));
      versions.delete(after);
    },
    replaced(cached) {
      const key = keyOf(cached);
      if (replaced.get(key)?.has(cached.metadata.resourceVersion)) return true;
      replaced.delete(key);
      return false;
    },
    forget: (key) => void replaced.delete(key),
  };
}

/**
 * An object as the cache holds it, or as the API server does while the cache lags behind our own last write. Undefined
 * when it is gone.
 *
 * @throws what the KubeClient throws
 */
export async function readCurrent(
  resource: Resource,
  key: ObjectKey,
  { kube, store, ownWrites }: { kube: Pick<KubeClient, 'get'>; store: Store; ownWrites: OwnWrites },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const cached = store.get(key);
  return cached && ownWrites.replaced(cached) ? kube.get(resource, key, signal) : cached;
}
