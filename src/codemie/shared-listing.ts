import { setTimeout as sleepFor } from 'node:timers/promises';
import type { KeptListings } from './kept-listings.ts';
import type { Scope } from './setting.ts';
import { untilAborted } from './until-aborted.ts';

/** What one reading of CodeMie found. */
interface Listing<T> {
  content: T;
  /** Epoch milliseconds. Everything that was written before is in the content. */
  startedAtMs: number;
}

/** What a caller needs of a listing. */
interface ListingDemand {
  /**
   * Epoch milliseconds: the listing must have started later than this, and may then be of any age. It is the time at
   * which a write ended. By default a listing may be as old as the window is wide.
   */
  startedAfterMs?: number;
  signal: AbortSignal;
}

/** One connection's listings, shared by all who ask at about the same time. */
export interface SharedListing<T> {
  /**
   * A listing that meets the demand.
   *
   * @throws {CodeMieError} what reading threw; it is not remembered. The signal's reason if it aborts.
   */
  get(scope: Scope, demand: ListingDemand): Promise<Listing<T>>;
  /**
   * Resolves when a reading has ended that started after this call, whatever came of it. It is put off while others
   * are still writing, as they will want to see what came of that, too.
   */
  later(scope: Scope): Promise<void>;
}

/** Options for {@link createSharedListing}. */
export interface SharedListingOptions<T> {
  /** Reads everything. */
  list: (scope: Scope, signal: AbortSignal) => Promise<T>;
  now: () => number;
  /** Milliseconds since CodeMie was last asked something, or somebody waited to ask; 0 while more is to come. */
  calmMs: () => number;
  /** Ends the readings when the connection is given up. A caller that leaves does not: others may wait for the same. */
  signal: AbortSignal;
  sleep?: (ms: number) => Promise<unknown>;
  /** Bounds what stays in memory; by default every latest listing does. */
  kept?: KeptListings;
  /** Rows of a listing, for `kept`. */
  rowsIn?: (content: T) => number;
}

/** How long a listing serves those who demand nothing, counted from its start. */
const leastWindowMs = 15_000;
/** A large listing takes long and serves longer, so that reading takes a fortieth of the time at most. */
const windowPerDuration = 40;
const longestWindowMs = 60_000;

/**
 * Readings that somebody demands because what there is is too old for them: a few may follow each other, then one a
 * second. Those who demand one in between share it.
 */
const demandBurst = 10;
const demandSpacingMs = 1000;

/** Writing counts as over when CodeMie was left in peace for this long. */
const calmAfterMs = 60;
/** While it is not over, each reading is put off for twice as long as the one before. */
const firstSpacingMs = 500;
const longestSpacingMs = 20_000;
/** Nobody has written for so long: who writes now begins another wave. */
const waveEndsMs = 3000;

/**
 * Creates the shared listing of one connection. Per scope at most one reading runs and one waits for it to end, however
 * many ask: those who can't use the running one share the next. So the load on CodeMie does not grow with the number of
 * integrations.
 */
export function createSharedListing<T>(options: SharedListingOptions<T>): SharedListing<T> {
  const byScope = {
    Project: createScopeListing('Project', options),
    User: createScopeListing('User', options),
  };
  return {
    get: (scope, demand) => byScope[scope].get(demand),
    later: (scope) => byScope[scope].later(),
  };
}

interface Reading<T> {
  startedAtMs: number;
  listing: Promise<Listing<T>>;
}

function createScopeListing<T>(scope: Scope, options: SharedListingOptions<T>) {
  const { list, now, calmMs, signal, sleep = sleepUnlessEnded, kept, rowsIn = () => 1 } = options;
  /** Who this is to `kept`. */
  const owner = {};
  let latest: Listing<T> | undefined;
  let running: Reading<T> | undefined;
  let next: Promise<Listing<T>> | undefined;
  let putOff: Promise<void> | undefined;
  let windowMs = leastWindowMs;
  let spacingMs = firstSpacingMs;
  let lastAskedMs = Number.NEGATIVE_INFINITY;
  /** When the next demanded reading would be due if they came evenly; the burst is how early one may be. */
  let demandDueMs = Number.NEGATIVE_INFINITY;

  signal.addEventListener('abort', () => {
    latest = undefined;
    kept?.forget(owner);
  });

  function start(): Promise<Listing<T>> {
    const startedAtMs = now();
    const listing = read(startedAtMs);
    running = { startedAtMs, listing };
    return listing;
  }

  function hold(listing: Listing<T>): void {
    latest = listing;
    kept?.keep(owner, rowsIn(listing.content), () => {
      latest = undefined;
    });
  }

  async function read(startedAtMs: number): Promise<Listing<T>> {
    // First let the reading be noted as running, however soon it ends.
    await Promise.resolve();
    try {
      const listing = { content: await list(scope, signal), startedAtMs };
      hold(listing);
      const durationMs = now() - startedAtMs;
      windowMs = Math.min(Math.max(leastWindowMs, windowPerDuration * durationMs), longestWindowMs);
      return listing;
    } finally {
      running = undefined;
    }
  }

  /** Starts a demanded reading, once the running one has ended and it is not too soon. */
  async function startLater(): Promise<Listing<T>> {
    await running?.listing.catch(() => {});
    for (let earlyMs = demandEarlyMs(); earlyMs > 0; earlyMs = demandEarlyMs()) await sleep(earlyMs);
    next = undefined;
    return startDemanded();
  }

  function demandEarlyMs(): number {
    return Math.min(demandDueMs - (demandBurst - 1) * demandSpacingMs - now(), demandSpacingMs);
  }

  function startDemanded(): Promise<Listing<T>> {
    demandDueMs = Math.max(demandDueMs, now()) + demandSpacingMs;
    return start();
  }

  /** @param isDemanded whether it is not for age alone that a reading is needed */
  function choose(startedAfterMs: number, isDemanded: boolean): Listing<T> | Promise<Listing<T>> {
    if (latest !== undefined && latest.startedAtMs > startedAfterMs) {
      kept?.touch(owner);
      return latest;
    }
    if (running !== undefined && running.startedAtMs > startedAfterMs) return running.listing;
    // Whatever the clock says, it starts later than any write that has ended by now.
    if (next !== undefined) return next;
    if (running === undefined && !isDemanded) return start();
    if (running === undefined && demandEarlyMs() <= 0) return startDemanded();
    next = startLater();
    return next;
  }

  /** Waits until nobody writes any more, but not for ever. */
  async function untilCalm(): Promise<void> {
    const startedMs = now();
    for (;;) {
      if (calmMs() >= calmAfterMs) {
        spacingMs = firstSpacingMs;
        return;
      }
      const leftMs = startedMs + spacingMs - now();
      if (leftMs <= 0) {
        spacingMs = Math.min(2 * spacingMs, longestSpacingMs);
        return;
      }
      await sleep(Math.min(leftMs, Math.max(calmAfterMs - calmMs(), 1)));
    }
  }

  async function readLater(): Promise<void> {
    await untilCalm();
    // Who asks from now on may have written after this reading has started.
    putOff = undefined;
    // Times are told in whole milliseconds, and a reading of the same one does not count as later.
    for (const askedMs = lastAskedMs; now() <= askedMs; ) await sleep(1);
    await Promise.resolve(choose(now(), false)).catch(() => {});
  }

  return {
    get({ startedAfterMs, signal: asking }: ListingDemand): Promise<Listing<T>> {
      const chosen =
        startedAfterMs === undefined ? choose(now() - windowMs - 1, false) : choose(startedAfterMs, true);
      return untilAborted(Promise.resolve(chosen), asking);
    },
    later(): Promise<void> {
      if (now() - lastAskedMs > waveEndsMs) spacingMs = firstSpacingMs;
      lastAskedMs = now();
      putOff ??= readLater();
      return putOff;
    },
  };
}

/** Keeps no process from ending. */
function sleepUnlessEnded(ms: number): Promise<void> {
  return sleepFor(ms, undefined, { ref: false });
}
