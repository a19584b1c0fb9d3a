import { createLinkedList, type LinkedList, type ListNode } from './linked-list.ts';

/** What was given its turn. */
interface Turn<T, L extends string> {
  tenant: string;
  lane: L;
  item: T;
}

/** Which of the items that wait may have the next turn. Without a function, all may. */
interface TurnRules<T, L extends string> {
  /** Lanes in the order of preference; others have no turn. */
  order: readonly L[];
  /** Whether this tenant may have a turn in this lane now. Asked for at most each tenant once per lane. */
  tenantMay?: (tenant: string, lane: L) => boolean;
  /** Whether this very item may go now. The items of a tenant are asked in their order until one may. */
  itemMay?: (item: T) => boolean;
}

/**
 * Items that wait, of tenants that take turns. In a round every tenant with an item has exactly one turn, in whatever
 * lane. So the first item of a tenant waits for at most one turn of each other tenant; right after a turn of the same
 * tenant it may be two, if theirs are in a lane that is preferred. Within a round, lanes go in the order that the taker
 * prefers; within a tenant and a lane, first come, first served.
 */
export interface Turns<T, L extends string> {
  /** Adds an item. Returns a function that takes it out again, to be called at most once and not after its turn. */
  add(tenant: string, lane: L, item: T): () => void;
  /** The next item, which is taken out. */
  take(rules: TurnRules<T, L>): Turn<T, L> | undefined;
  /** How many items wait in a lane of a tenant, or of all. */
  count(tenant?: string): number;
  /** The tenant that has the most items; the cost grows with the number of tenants. */
  fullest(): string | undefined;
}

interface Tenant<T, L extends string> {
  lanes: Map<L, LinkedList<T>>;
  /** The position of the tenant in the order of each lane in which it has items. */
  places: Map<L, { round: LinkedList<string>; node: ListNode<string> }>;
  size: number;
}

/**
 * Makes empty turns. It remembers tenants that have items, and those that had a turn in the round under way. Operations
 * are O(1), apart from tenants and items that the rules hold back, which are passed over at each take.
 */
export function createTurns<T, L extends string>(): Turns<T, L> {
  const tenants = new Map<string, Tenant<T, L>>();
  /** Tenants in the order of their turns, per lane: those who have yet to have one in this round, and the others. */
  let current = new Map<L, LinkedList<string>>();
  let next = new Map<L, LinkedList<string>>();
  let served = new Set<string>();
  let size = 0;

  function add(name: string, lane: L, item: T): () => void {
    const tenant: Tenant<T, L> = tenants.get(name) ?? { lanes: new Map(), places: new Map(), size: 0 };
    tenants.set(name, tenant);
    const items = listOf(tenant.lanes, lane);
    const node = items.push(item);
    tenant.size++;
    size++;
    if (!tenant.places.has(lane)) enter(name, tenant, lane);
    return () => remove(name, tenant, lane, items, node);
  }

  function enter(name: string, tenant: Tenant<T, L>, lane: L): void {
    const round = listOf(served.has(name) ? next : current, lane);
    tenant.places.set(lane, { round, node: round.push(name) });
  }

  function leave(tenant: Tenant<T, L>, lane: L): void {
    const place = tenant.places.get(lane);
    place?.round.remove(place.node);
    tenant.places.delete(lane);
  }

  function remove(
    name: string,
    tenant: Tenant<T, L>,
    lane: L,
    items: LinkedList<T>,
    node: ListNode<T>,
  ): void {
    items.remove(node);
    tenant.size--;
    size--;
    if (items.size === 0) {
      tenant.lanes.delete(lane);
      leave(tenant, lane);
    }
    if (tenant.size === 0) tenants.delete(name);
  }

  /** The turn of this round that the rules prefer. */
  function takeFromRound({ order, tenantMay, itemMay }: TurnRules<T, L>): Turn<T, L> | undefined {
    for (const lane of order) {
      for (const name of current.get(lane) ?? []) {
        if (tenantMay?.(name, lane) === false) continue;
        const tenant = tenants.get(name);
        const items = tenant?.lanes.get(lane);
        const node = items && firstThat(items, itemMay);
        if (!tenant || !items || !node) continue;
        remove(name, tenant, lane, items, node);
        served.add(name);
        const others = [...tenant.places.keys()];
        for (const other of others) {
          leave(tenant, other);
          enter(name, tenant, other);
        }
        return { tenant: name, lane, item: node.value };
      }
    }
    return undefined;
  }

  /** Who was held back in this round comes first in the next. */
  function startRound(): void {
    const [kept, moved] = [current, next];
    served = new Set();
    next = new Map();
    current = moved;
    for (const [lane, held] of kept) {
      if (held.size === 0) continue;
      const newerLane = moved.get(lane);
      current.set(lane, held);
      for (const name of newerLane ?? []) {
        const tenant = tenants.get(name);
        if (tenant) tenant.places.set(lane, { round: held, node: held.push(name) });
      }
    }
  }

  return {
    add,
    take(rules) {
      const turn = takeFromRound(rules);
      if (turn !== undefined || served.size === 0) return turn;
      startRound();
      return takeFromRound(rules);
    },
    count: (tenant) => (tenant === undefined ? size : (tenants.get(tenant)?.size ?? 0)),
    fullest() {
      let most: { name: string; size: number } | undefined;
      for (const [name, tenant] of tenants)
        if (most === undefined || tenant.size > most.size) most = { name, size: tenant.size };
      return most?.name;
    },
  };
}

function firstThat<T>(items: LinkedList<T>, may?: (item: T) => boolean): ListNode<T> | undefined {
  for (let node = items.first; node !== undefined; node = node.next)
    if (may === undefined || may(node.value)) return node;
  return undefined;
}

function listOf<K, T>(lists: Map<K, LinkedList<T>>, key: K): LinkedList<T> {
  const existing = lists.get(key);
  if (existing) return existing;
  const made = createLinkedList<T>();
  lists.set(key, made);
  return made;
}
