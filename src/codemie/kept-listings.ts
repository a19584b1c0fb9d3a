/** Decides which listings stay in memory while nobody reads them. */
export interface KeptListings {
  /** Takes note of a listing of that many rows, in place of the owner's former one. `drop` is called when it has to go. */
  keep(owner: object, rows: number, drop: () => void): void;
  /** It was read just now, so others go first. */
  touch(owner: object): void;
  /** The owner has dropped it. */
  forget(owner: object): void;
}

/**
 * Keeps listings of so many rows together; the one that has not been read for the longest time goes first. A listing
 * that is dropped is read again when it is asked for.
 */
export function createKeptListings(maxRows: number): KeptListings {
  /** Least recently read first. */
  const kept = new Map<object, { rows: number; drop: () => void }>();
  let total = 0;

  function forget(owner: object): void {
    total -= kept.get(owner)?.rows ?? 0;
    kept.delete(owner);
  }

  return {
    keep(owner, rows, drop) {
      forget(owner);
      kept.set(owner, { rows, drop });
      total += rows;
      for (const [oldest, listing] of kept) {
        if (total <= maxRows) return;
        forget(oldest);
        listing.drop();
      }
    },
    touch(owner) {
      const listing = kept.get(owner);
      if (listing === undefined) return;
      kept.delete(owner);
      kept.set(owner, listing);
    },
    forget,
  };
}
