import type { Scope } from '../domain/git-setting.ts';
import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import type { ListingCache } from './listing-cache.ts';

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
   * Resolves when a reading that started after this call is done, successful or not. It is put off while others
   * are still writing, as they will want to see what came of that, too.
   *
   * @param tenant who writes. The more readings a wave of its writes has seen, the longer the next is put off; the wave
   *   of one tenant does not put off the reading of another
   */
  later(scope: Scope, tenant?: string): Promise<void>;
}

/** Options for {@link createSharedListing}. */
export interface SharedListingOptions<T> {
  /** Reads everything. */
  list: (scope: Scope, signal: AbortSignal) => Promise<T>;
  now: () => number;
  /** Milliseconds since the last request to CodeMie was sent or queued; 0 while more is to come. */
  calmMs: () => number;
  /** Ends the readings when the connection is given up. A caller that leaves does not: others may wait for the same. */
  signal: AbortSignal;
  /** For waits. */
  clock?: Pick<Clock, 'setTimer'>;
  /** Bounds what stays in memory; by default every latest listing does. */
  cache?: ListingCache;
  /** Rows of a listing, for `cache`. */
  rowsIn?: (content: T) => number;
}

/** How long a listing serves those who demand nothing, counted from its start. */
const leastWindowMs = durations.codemie.leastWindowMs;
/** A large listing takes long and serves longer, so that reading takes a fortieth of the time at most. */
const windowPerDuration = 40;
const longestWindowMs = durations.codemie.longestWindowMs;

/**
 * Readings that are demanded because the latest listing is too old for a caller: a few may follow each other, then one a
 * second. Demands in between share one.
 */
const demandBurst = 10;
const demandSpacingMs = durations.codemie.demandSpacingMs;

/** Writing counts as over when CodeMie was left in peace for this long. */
const calmAfterMs = durations.codemie.calmAfterMs;
/** While it is not over, each reading for a tenant is put off for twice as long as the one before. */
const firstSpacingMs = durations.codemie.firstListingDelayMs;
const longestSpacingMs = durations.codemie.longestListingDelayMs;
/** A tenant that has not written for so long begins another wave. */
const waveEndsMs = durations.codemie.waveEndsMs;
/** So many waves are remembered before those that are over are forgotten. */
const maxWaves = 1000;

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
    later: (scope, tenant = '') => byScope[scope].later(tenant),
  };
}

interface Reading<T> {
  startedAtMs: number;
  listing: Promise<Listing<T>>;
}

function createScopeListing<T>(scope: Scope, options: SharedListingOptions<T>) {
  const { list, now, calmMs, signal, clock = systemClock, cache, rowsIn = () => 1 } = options;
  /** Who this is to `cache`. */
  const owner = {};
  let latest: Listing<T> | undefined;
  let running: Reading<T> | undefined;
  let next: Promise<Listing<T>> | undefined;
  let putOff: Promise<void> | undefined;
  let windowMs = leastWindowMs;
  /** Who has written lately: how long its next reading is put off, and when it has asked last. */
  const waves = new Map<string, { spacingMs: number; askedMs: number }>();
  /** Those of them who wait for the reading that is put off, and until when it is. */
  const asking = new Set<string>();
  let putOffUntilMs = Number.POSITIVE_INFINITY;
  let lastAskedMs = Number.NEGATIVE_INFINITY;
  let lastRead = { endedMs: Number.NEGATIVE_INFINITY, durationMs: 0 };
  /** When the next demanded reading would be due if they came evenly; the burst is how early one may be. */
  let demandDueMs = Number.NEGATIVE_INFINITY;

  signal.addEventListener('abort', () => {
    latest = undefined;
    cache?.forget(owner);
  });

  function start(): Promise<Listing<T>> {
    const startedAtMs = now();
    const listing = read(startedAtMs);
    running = { startedAtMs, listing };
    return listing;
  }

  function hold(listing: Listing<T>): void {
    latest = listing;
    cache?.keep(owner, rowsIn(listing.content), () => {
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
      lastRead = { endedMs: now(), durationMs };
      windowMs = Math.min(Math.max(leastWindowMs, windowPerDuration * durationMs), longestWindowMs);
      return listing;
    } finally {
      running = undefined;
    }
  }

  /** Starts a demanded reading, once the running one is done and it is not too soon. */
  async function startLater(): Promise<Listing<T>> {
    await running?.listing.catch(() => {});
    for (let earlyMs = demandEarlyMs(); earlyMs > 0 && !signal.aborted; earlyMs = demandEarlyMs())
      await sleep(earlyMs, signal, clock);
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
      cache?.touch(owner);
      return latest;
    }
    if (running !== undefined && running.startedAtMs > startedAfterMs) return running.listing;
    // Whatever the clock says, it starts later than any write that is done by now.
    if (next !== undefined) return next;
    if (running === undefined && !isDemanded) return start();
    if (running === undefined && demandEarlyMs() <= 0) return startDemanded();
    next = startLater();
    return next;
  }

  /** Waits until no more is written, but neither forever nor in a closed session. */
  async function untilCalm(): Promise<void> {
    while (!signal.aborted) {
      if (calmMs() >= calmAfterMs) {
        waves.clear();
        return;
      }
      const leftMs = putOffUntilMs - now();
      if (leftMs <= 0) {
        for (const tenant of asking) {
          const wave = waves.get(tenant);
          if (wave) wave.spacingMs = Math.min(2 * wave.spacingMs, longestSpacingMs);
        }
        return;
      }
      await sleep(Math.min(leftMs, Math.max(calmAfterMs - calmMs(), 1)), signal, clock);
    }
  }

  async function readLater(): Promise<void> {
    await untilCalm();
    // Who asks from now on may have written after this reading has started.
    putOff = undefined;
    putOffUntilMs = Number.POSITIVE_INFINITY;
    asking.clear();
    // Times are whole milliseconds, and a reading of the same one does not count as later.
    for (const askedMs = lastAskedMs; now() <= askedMs && !signal.aborted; ) await sleep(1, signal, clock);
    await Promise.resolve(choose(now(), false)).catch(() => {});
  }

  /** The wave that a tenant is in, or a new one. */
  function waveOf(tenant: string): { spacingMs: number; askedMs: number } {
    const current = waves.get(tenant);
    if (current && now() - current.askedMs <= waveEndsMs) return current;
    if (waves.size >= maxWaves)
      for (const [each, { askedMs }] of waves) if (now() - askedMs > waveEndsMs) waves.delete(each);
    const wave = { spacingMs: firstSpacingMs, askedMs: now() };
    waves.set(tenant, wave);
    return wave;
  }

  return {
    get({ startedAfterMs, signal: asking }: ListingDemand): Promise<Listing<T>> {
      const chosen =
        startedAfterMs === undefined ? choose(now() - windowMs - 1, false) : choose(startedAfterMs, true);
      return orAbort(Promise.resolve(chosen), asking);
    },
    later(tenant: string): Promise<void> {
      const wave = waveOf(tenant);
      wave.askedMs = now();
      lastAskedMs = now();
      if (!asking.has(tenant)) {
        asking.add(tenant);
        // However many tenants write, half of the time is left without a reading.
        const restedMs = lastRead.endedMs + Math.min(lastRead.durationMs, longestSpacingMs);
        putOffUntilMs = Math.min(putOffUntilMs, Math.max(now() + wave.spacingMs, restedMs));
      }
      putOff ??= readLater();
      return putOff;
    },
  };
}
