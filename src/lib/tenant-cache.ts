import { createLinkedList, type LinkedList, type ListNode } from './linked-list.ts';

/** A bounded memory that tenants share: what is too much is forgotten by whose it is. */
export interface TenantCache<V> {
  /** The value, which counts as used from now on. */
  get(tenant: string, key: string): V | undefined;
  /** Stores a value, and evicts what is too much by now. */
  set(tenant: string, key: string, value: V): void;
  delete(tenant: string, key: string): void;
  /** All values, in no particular order. */
  values(): Iterable<V>;
  readonly size: number;
}

/** Options for {@link createTenantCache}. */
export interface TenantCacheOptions<V> {
  /** Most that the values of one tenant weigh together. */
  maxPerTenant: number;
  /** Most that all values weigh together. */
  max: number;
  /** What a value weighs; 1 by default. */
  weightOf?: (value: V) => number;
  /** Is called with each value that was evicted to make room. */
  onEvict?: (value: V, key: string) => void;
}

interface Entry<V> {
  key: string;
  value: V;
  weight: number;
}

interface Tenant<V> {
  entries: Map<string, ListNode<Entry<V>>>;
  /** Least recently used first. */
  order: LinkedList<Entry<V>>;
  weight: number;
}

/**
 * Makes an empty cache. A tenant with too much loses its own least recently used values; when all have too much, the one
 * with the most does. So nothing that a tenant does evicts what belongs to one with less. The newest value always stays.
 */
export function createTenantCache<V>(options: TenantCacheOptions<V>): TenantCache<V> {
  const { maxPerTenant, max, weightOf = () => 1, onEvict } = options;
  const tenants = new Map<string, Tenant<V>>();
  let total = 0;
  let size = 0;

  function drop(name: string, tenant: Tenant<V>, node: ListNode<Entry<V>>): void {
    tenant.order.remove(node);
    tenant.entries.delete(node.value.key);
    tenant.weight -= node.value.weight;
    total -= node.value.weight;
    size--;
    if (tenant.entries.size === 0) tenants.delete(name);
  }

  function evictFrom(name: string, tenant: Tenant<V>): boolean {
    const oldest = tenant.order.first;
    if (oldest === undefined || tenant.order.size === 1) return false;
    drop(name, tenant, oldest);
    onEvict?.(oldest.value.value, oldest.value.key);
    return true;
  }

  function heaviest(): [string, Tenant<V>] | undefined {
    let most: [string, Tenant<V>] | undefined;
    for (const entry of tenants)
      if (entry[1].order.size > 1 && (most === undefined || entry[1].weight > most[1].weight)) most = entry;
    return most;
  }

  function makeRoom(name: string, tenant: Tenant<V>): void {
    while (tenant.weight > maxPerTenant && evictFrom(name, tenant));
    for (let most = heaviestIfFull(); most !== undefined; most = heaviestIfFull()) evictFrom(...most);
  }

  const heaviestIfFull = () => (total > max ? heaviest() : undefined);

  return {
    get(name, key) {
      const tenant = tenants.get(name);
      const node = tenant?.entries.get(key);
      if (!tenant || !node) return undefined;
      tenant.order.remove(node);
      tenant.entries.set(key, tenant.order.push(node.value));
      return node.value.value;
    },
    set(name, key, value) {
      const holder = tenants.get(name);
      const former = holder?.entries.get(key);
      if (holder && former) drop(name, holder, former);
      const tenant = tenants.get(name) ?? { entries: new Map(), order: createLinkedList(), weight: 0 };
      tenants.set(name, tenant);
      const weight = weightOf(value);
      tenant.entries.set(key, tenant.order.push({ key, value, weight }));
      tenant.weight += weight;
      total += weight;
      size++;
      makeRoom(name, tenant);
    },
    delete(name, key) {
      const tenant = tenants.get(name);
      const node = tenant?.entries.get(key);
      if (tenant && node) drop(name, tenant, node);
    },
    *values() {
      for (const { order } of tenants.values()) for (const { value } of order) yield value;
    },
    get size() {
      return size;
    },
  };
}
