import type { GitSetting, Scope } from './setting.ts';
import { untilAborted } from './until-aborted.ts';

/** All Git integrations of a scope at one time. */
interface Listing {
  settings: readonly GitSetting[];
  /** Epoch milliseconds. Everything that was written before is in the listing. */
  startedAtMs: number;
}

/** What a caller needs of a listing. */
interface ListingDemand {
  /**
   * Epoch milliseconds: the listing must have started later than this. After a write whose outcome is uncertain, the
   * time at which it ended; after a write that succeeded, the same, to see it.
   */
  startedAfterMs?: number;
  signal: AbortSignal;
}

/** One connection's listings, shared by all who ask at about the same time. */
export interface SharedListing {
  /**
   * A listing that is recent enough: not older than the window, and started after what the demand says.
   *
   * @throws {CodeMieError} what reading threw; it is not remembered. The signal's reason if it aborts.
   */
  get(scope: Scope, demand: ListingDemand): Promise<Listing>;
}

/** Options for {@link createSharedListing}. */
export interface SharedListingOptions {
  /** Reads everything. */
  list: (scope: Scope, signal: AbortSignal) => Promise<GitSetting[]>;
  now: () => number;
  /** Ends the readings when the connection is given up. A caller that leaves does not: others may wait for the same. */
  signal: AbortSignal;
  /** How long a listing serves those who demand nothing, counted from its start; 2 seconds by default. */
  windowMs?: number;
}

/**
 * Creates the shared listing of one connection. Per scope at most one reading runs and one waits for it to end, however
 * many ask: those who can't use the running one share the next. So the load on CodeMie does not grow with the number of
 * integrations.
 */
export function createSharedListing(options: SharedListingOptions): SharedListing {
  const byScope = {
    Project: createScopeListing('Project', options),
    User: createScopeListing('User', options),
  };
  return { get: (scope, demand) => byScope[scope](demand) };
}

interface Reading {
  startedAtMs: number;
  listing: Promise<Listing>;
}

function createScopeListing(
  scope: Scope,
  { list, now, signal, windowMs = 2000 }: SharedListingOptions,
): (demand: ListingDemand) => Promise<Listing> {
  let latest: Listing | undefined;
  let running: Reading | undefined;
  let next: Promise<Listing> | undefined;

  function start(): Promise<Listing> {
    const startedAtMs = now();
    const listing = read(startedAtMs);
    running = { startedAtMs, listing };
    return listing;
  }

  async function read(startedAtMs: number): Promise<Listing> {
    // First let the reading be noted as running, however soon it ends.
    await Promise.resolve();
    try {
      latest = { settings: await list(scope, signal), startedAtMs };
      return latest;
    } finally {
      running = undefined;
    }
  }

  async function startAfter(reading: Reading): Promise<Listing> {
    await reading.listing.catch(() => {});
    next = undefined;
    return start();
  }

  function choose(startedAfterMs: number): Listing | Promise<Listing> {
    if (
      latest !== undefined &&
      latest.startedAtMs > startedAfterMs &&
      latest.startedAtMs >= now() - windowMs
    ) {
      return latest;
    }
    if (running === undefined) return next ?? start();
    if (running.startedAtMs > startedAfterMs) return running.listing;
    // Whatever the clock says, it starts later than any write that has ended by now.
    next ??= startAfter(running);
    return next;
  }

  return async (demand) =>
    untilAborted(Promise.resolve(choose(demand.startedAfterMs ?? Number.NEGATIVE_INFINITY)), demand.signal);
}
