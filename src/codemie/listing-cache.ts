/** Decides which listings of a namespace's connections stay in memory between two reads. */
export interface ListingCache {
  /** Takes note of a listing of that many rows, in place of the owner's former one. `drop` is called when it has to go. */
  keep(owner: object, rows: number, drop: () => void): void;
  /** It was read just now, so others go first. */
  touch(owner: object): void;
  /** The owner has dropped it. */
  forget(owner: object): void;
}

/** What all namespaces keep. */
export interface SharedListingCache {
  of(namespace: string): ListingCache;
}

/** Options for {@link createListingCache}, in rows. */
export interface ListingCacheOptions {
  max: number;
  maxPerNamespace: number;
}

interface Group {
  /** Least recently read first. */
  listings: Map<object, { rows: number; drop: () => void }>;
  rows: number;
}

/**
 * Keeps listings of so many rows together. A namespace with too much loses the one that it has not read for the longest
 * time; when all together have too much, the namespace with the most does. A listing that is dropped is read again when
 * it is asked for; the one that has just been read stays, unless it alone is too much.
 */
export function createListingCache({ max, maxPerNamespace }: ListingCacheOptions): SharedListingCache {
  const groups = new Map<string, Group>();
  let total = 0;

  function forget(namespace: string, owner: object): void {
    const group = groups.get(namespace);
    const listing = group?.listings.get(owner);
    if (!group || !listing) return;
    group.listings.delete(owner);
    group.rows -= listing.rows;
    total -= listing.rows;
    if (group.listings.size === 0) groups.delete(namespace);
  }

  /** Drops the oldest listing of a namespace but for that one. */
  function dropOldest(namespace: string, newest: object): boolean {
    for (const [owner, { drop }] of groups.get(namespace)?.listings ?? []) {
      if (owner === newest) continue;
      forget(namespace, owner);
      drop();
      return true;
    }
    return false;
  }

  function largestFirst(): string[] {
    return [...groups].toSorted(([, a], [, b]) => b.rows - a.rows).map(([namespace]) => namespace);
  }

  const isFull = (): boolean => total > max;

  function makeRoom(namespace: string, newest: object): void {
    while ((groups.get(namespace)?.rows ?? 0) > maxPerNamespace && dropOldest(namespace, newest));
    while (isFull() && largestFirst().some((each) => dropOldest(each, newest)));
  }

  return {
    of: (namespace) => ({
      keep(owner, rows, drop) {
        forget(namespace, owner);
        if (rows > Math.min(max, maxPerNamespace)) {
          drop();
          return;
        }
        const group = groups.get(namespace) ?? { listings: new Map(), rows: 0 };
        groups.set(namespace, group);
        group.listings.set(owner, { rows, drop });
        group.rows += rows;
        total += rows;
        makeRoom(namespace, owner);
      },
      touch(owner) {
        const listings = groups.get(namespace)?.listings;
        const listing = listings?.get(owner);
        if (!listings || !listing) return;
        listings.delete(owner);
        listings.set(owner, listing);
      },
      forget: (owner) => forget(namespace, owner),
    }),
  };
}
