import { bounds } from '../lib/bounds.ts';
import { durations } from '../lib/durations.ts';
import { createSharedCache } from '../lib/shared-cache.ts';
import { createTenantCache } from '../lib/tenant-cache.ts';
import type { ProviderError } from '../providers/provider.ts';

/**
 * What a provider refuses, and how far that is sure. `isConfirmed`: it is a verdict, and asked again at `againAtMs` only
 * because people correct things where nothing is watched. Else it may pass, and is rechecked then to find out.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly error: ProviderError;
  readonly isConfirmed: boolean;
  /** Epoch milliseconds. */
  readonly againAtMs: number;
  /** Over how long it is rechecked until it is a verdict, in milliseconds. */
  readonly windowMs: number;

  constructor(fields: Pick<Refusal, 'error' | 'isConfirmed' | 'againAtMs' | 'windowMs'>) {
    super(fields.error.message, { cause: fields.error });
    this.error = fields.error;
    this.isConfirmed = fields.isConfirmed;
    this.againAtMs = fields.againAtMs;
    this.windowMs = fields.windowMs;
  }
}

/** How a provider may be rechecked. */
export interface RecheckPolicy {
  /** After each refusal, until the next call, in milliseconds of a window of 90 seconds: see `Provider.recheckAfterMs`. */
  delaysMs: readonly number[];
  /** The longest time between two calls for a verdict that stands, in milliseconds. */
  longestMs: number;
  /** The host: many credentials of one namespace that it refuses at the same time are asked about less often. */
  host: string;
  /** Whose credential it is. */
  namespace: string;
}

/**
 * Remembers what providers refuse, so that one odd answer is no verdict. That no call is made in between is the matter of
 * the shared calls, which keep a failure until `againAtMs`. Lives as long as the process: after a restart it starts over.
 */
export interface Refusals {
  /** Notes an answer that asks a user to act, and says what it amounts to. */
  heard(key: string, error: ProviderError, policy: RecheckPolicy): Refusal;
  /** Forgets a key, because the provider accepts it. */
  accepted(key: string): void;
}

/** Options for {@link createRefusals}. */
export interface RefusalsOptions {
  now: () => number;
  /** How long a refusal is rechecked before it is a verdict, in milliseconds; 0 takes the first one. */
  windowMs: number;
  /** How much is kept. A namespace loses its own first. */
  kept?: Record<'maxRefusals' | 'maxRefusalsPerNamespace' | 'maxCrowded' | 'maxCrowdedPerNamespace', number>;
}

/** The window that the delays of providers are made for. */
const plannedWindowMs = durations.providers.plannedWindowMs;
/** A verdict that stands is rechecked after this time first, and each next time after twice as long. */
const firstRecheckMs = durations.providers.firstRejectedRecheckMs;
/** A doubt that no one asked about for so long is no part of a series. */
const staleMs = durations.providers.staleRejectionMs;
/** So many credentials that are refused at one host within a minute look like an attack on it, and may lock out others. */
const crowd = 5;

interface Entry {
  refusal: Refusal;
  heard: number;
  firstAtMs: number;
  lastAtMs: number;
  rechecks: number;
}

/** Creates an empty memory. */
export function createRefusals({ now, windowMs, kept = bounds.keptAnswers }: RefusalsOptions): Refusals {
  const entries = createSharedCache<Entry>({
    maxPerTenant: kept.maxRefusalsPerNamespace,
    max: kept.maxRefusals,
  });
  /** Of a namespace, by host: when it refused credentials lately. */
  const begunAt = createTenantCache<number[]>({
    maxPerTenant: kept.maxCrowdedPerNamespace,
    max: kept.maxCrowded,
  });

  function keep(key: string, namespace: string, entry: Entry): Refusal {
    entries.set(namespace, key, entry);
    return entry.refusal;
  }

  /** Whether the host refuses many credentials of the namespace just now, this one included. */
  function isCrowded({ host, namespace }: RecheckPolicy, begins: boolean): boolean {
    const recent = (begunAt.get(namespace, host) ?? []).filter(
      (atMs) => now() - atMs < durations.providers.recheckWindowMs,
    );
    if (begins) recent.push(now());
    if (recent.length === 0) begunAt.delete(namespace, host);
    // More need not be counted.
    else begunAt.set(namespace, host, recent.slice(-crowd - 1));
    return recent.length > crowd;
  }

  const verdict = (error: ProviderError, rechecks: number, longestMs: number): Refusal => {
    // A dead token stays so, and some providers punish those who go on with it.
    const isOver = error.reason === 'Expired' || error.reason === 'Revoked';
    const waitMs = isOver ? longestMs : Math.min(firstRecheckMs * 2 ** rechecks, longestMs);
    return new Refusal({ error, isConfirmed: true, againAtMs: now() + waitMs, windowMs });
  };

  return {
    heard(key, error, policy) {
      const { delaysMs, longestMs, namespace } = policy;
      const nowMs = now();
      const stored = entries.get(key);
      const former =
        stored && nowMs - stored.lastAtMs < Math.max(staleMs, longestMs * 2) ? stored : undefined;
      const begun = former ?? { heard: 0, firstAtMs: nowMs, rechecks: 0, refusal: undefined };
      const stands = former?.refusal.isConfirmed === true;
      const isDue = former === undefined || nowMs >= former.refusal.againAtMs;
      // Someone asked in between: that is no answer more.
      if (former !== undefined && !isDue && former.refusal.error.reason === error.reason) {
        former.lastAtMs = nowMs;
        return former.refusal;
      }
      const heard = begun.heard + 1;
      const entry = { heard, firstAtMs: begun.firstAtMs, lastAtMs: nowMs };
      if (stands || error.isExplained || windowMs === 0) {
        const rechecks = stands ? begun.rechecks + 1 : 0;
        return keep(key, namespace, { ...entry, rechecks, refusal: verdict(error, rechecks, longestMs) });
      }
      const delays = isCrowded(policy, former === undefined) ? delaysMs.slice(-1) : delaysMs;
      const delayMs = delays[heard - 1];
      const isOver = heard > 1 && nowMs - begun.firstAtMs >= windowMs;
      if (delayMs === undefined || isOver)
        return keep(key, namespace, { ...entry, rechecks: 0, refusal: verdict(error, 0, longestMs) });
      const againAtMs = nowMs + (delayMs * windowMs) / plannedWindowMs;
      const refusal = new Refusal({ error, isConfirmed: false, againAtMs, windowMs });
      return keep(key, namespace, { ...entry, rechecks: 0, refusal });
    },

    accepted(key) {
      entries.delete(key);
    },
  };
}
