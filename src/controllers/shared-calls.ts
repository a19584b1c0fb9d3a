import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { createSharedCache, keptError } from '../lib/shared-cache.ts';

/** Makes a shared call; see {@link SharedCalls.get}. */
type Call<T> = (signal: AbortSignal, lastGood: T | undefined) => Promise<T>;

/** Results of remote calls that many objects need alike. */
export interface SharedCalls<T> {
  /**
   * The result for a key: the one under way if there is one, the stored one if it is young enough, else that
   * of a new call.
   *
   * @param maxAgeMs how old a stored result may be; 0 asks for a new one
   * @param call makes the call; gets the last good result of that key. Its signal is the cache's own: one
   *   caller that gives up must not take the others' result away
   * @param signal ends the waiting, not the call
   * @param requestedAtMs epoch milliseconds: the result of a call that began later serves at any `maxAgeMs`
   * @throws what the call threw; a failure is stored too, for as long as `failureAgeMs` says. StillWaitingError if
   *   it takes longer than the patience: it goes on, and its result is there for anyone who asks later
   */
  get(key: string, maxAgeMs: number, call: Call<T>, signal: AbortSignal, requestedAtMs?: number): Promise<T>;
  /** The same for a namespace: what it asks first counts for it. */
  of(namespace: string): SharedCalls<T>;
}

/** Options for {@link createSharedCalls}. */
export interface SharedCallsOptions<T> {
  now: () => number;
  /** Longest time one call may take. */
  timeoutMs: number;
  /**
   * Longest time that anybody waits for it, from its start on: who waits holds up other work. By default as long as
   * it takes.
   */
  patienceMs?: number;
  /** How long a failure stands for all, in milliseconds, given how old a result the caller would accept. */
  failureAgeMs: (error: unknown, maxAgeMs: number) => number;
  /**
   * Most that results take, for one namespace and in all, in bytes. What a namespace asks takes the place of what it has
   * asked before, and never that of others.
   */
  kept: { maxBytesPerNamespace: number; maxBytes: number };
  /** How many bytes a result takes; by default next to none. */
  bytesOf?: (result: T) => number;
}

/** The result is not there yet. The call goes on. */
export class StillWaitingError extends Error {
  override readonly name = 'StillWaitingError';
}

/** How long a failure may serve those who asked before its call began, see `requestedAtMs`. */
const verdictAgeMs = durations.providers.sharedVerdictMs;

/** A result of some words, with its key, and what a failure takes with its stack and its causes. */
const bytesOfEntry = 1_024;
const bytesOfFailure = 4_096;

interface Entry<T> {
  /** When the last call ended, and when it began. */
  atMs: number;
  beganAtMs: number;
  pending?: { result: Promise<T>; impatience?: AbortSignal };
  lastGood?: T;
  failure?: { error: unknown; untilMs: number; laterUntilMs: number };
}

/**
 * Makes a cache in which 1,000 objects with one credential cost one call. An entry that is never asked for
 * again falls out at the end.
 */
export function createSharedCalls<T>(options: SharedCallsOptions<T>): SharedCalls<T> {
  const { now, timeoutMs, patienceMs, failureAgeMs, kept, bytesOf = () => 0 } = options;
  const entries = createSharedCache<Entry<T>>({
    maxPerTenant: kept.maxBytesPerNamespace,
    max: kept.maxBytes,
    weightOf: ({ lastGood, failure }) =>
      bytesOfEntry + (lastGood === undefined ? 0 : bytesOf(lastGood)) + (failure ? bytesOfFailure : 0),
  });

  function touch(namespace: string, key: string): Entry<T> {
    const existing = entries.get(key);
    if (existing) return existing;
    const entry = { atMs: Number.NEGATIVE_INFINITY, beganAtMs: Number.NEGATIVE_INFINITY };
    entries.set(namespace, key, entry);
    return entry;
  }

  async function start(entry: Entry<T>, maxAgeMs: number, call: Call<T>, weigh: () => void): Promise<T> {
    entry.beganAtMs = now();
    try {
      entry.lastGood = await call(AbortSignal.timeout(timeoutMs), entry.lastGood);
      delete entry.failure;
      return entry.lastGood;
    } catch (error) {
      entry.failure = {
        error: keptError(error),
        untilMs: now() + failureAgeMs(error, maxAgeMs),
        laterUntilMs: now() + failureAgeMs(error, verdictAgeMs),
      };
      throw error;
    } finally {
      entry.atMs = now();
      delete entry.pending;
      weigh();
    }
  }

  async function wait(
    { result, impatience }: NonNullable<Entry<T>['pending']>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      return await orAbort(result, impatience ? AbortSignal.any([signal, impatience]) : signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error !== impatience?.reason) throw error;
      throw new StillWaitingError('There is no answer yet.');
    }
  }

  const of = (namespace: string): SharedCalls<T> => ({
    async get(key, maxAgeMs, call, signal, requestedAtMs = Number.POSITIVE_INFINITY) {
      const entry = touch(namespace, key);
      if (entry.pending) return wait(entry.pending, signal);
      const { failure, lastGood } = entry;
      const isLater = entry.beganAtMs > requestedAtMs;
      if (failure && isLater && now() < failure.laterUntilMs) throw failure.error;
      if (failure && maxAgeMs > 0 && now() < failure.untilMs) throw failure.error;
      if (!failure && lastGood !== undefined && (isLater || now() - entry.atMs < maxAgeMs)) return lastGood;
      const weigh = (): void => {
        // It may have been evicted in the meantime.
        if (entries.get(key) === entry) entries.set(namespace, key, entry);
      };
      const result = start(entry, maxAgeMs, call, weigh);
      entry.pending = { result, ...(patienceMs && { impatience: AbortSignal.timeout(patienceMs) }) };
      return wait(entry.pending, signal);
    },
    of,
  });
  return of('');
}
