import { createTenantCache, type TenantCacheOptions } from './tenant-cache.ts';

/**
 * A bounded memory of what tenants have in common. A value counts for the tenant that stored it first, and every tenant
 * finds it. As in a {@link createTenantCache | TenantCache}, who has too much loses their own.
 */
export interface SharedCache<V> {
  /** The value, which counts as used from now on. */
  get(key: string): V | undefined;
  /** Stores a value, or weighs it again. Evicts what is too much by now. */
  set(tenant: string, key: string, value: V): void;
  delete(key: string): void;
  readonly size: number;
}

/** Makes an empty cache. */
export function createSharedCache<V>(options: Omit<TenantCacheOptions<V>, 'onEvict'>): SharedCache<V> {
  const owners = new Map<string, string>();
  const cache = createTenantCache<V>({ ...options, onEvict: (_value, key) => void owners.delete(key) });
  return {
    get(key) {
      const owner = owners.get(key);
      return owner === undefined ? undefined : cache.get(owner, key);
    },
    set(tenant, key, value) {
      const owner = owners.get(key) ?? tenant;
      owners.set(key, owner);
      cache.set(owner, key, value);
    },
    delete(key) {
      const owner = owners.get(key);
      if (owner === undefined) return;
      owners.delete(key);
      cache.delete(owner, key);
    },
    get size() {
      return cache.size;
    },
  };
}

/**
 * Makes an error fit to be kept, and returns it. Until the stack of an error is read, V8 holds the functions on it, and
 * with them their variables: such as the answer of two megabytes that the error is about.
 * https://v8.dev/docs/stack-trace-api
 */
export function keptError<T>(error: T): T {
  let link: unknown = error;
  for (let depth = 0; link instanceof Error && depth < 8; depth++) {
    Reflect.get(link, 'stack');
    link = link.cause;
  }
  return error;
}
