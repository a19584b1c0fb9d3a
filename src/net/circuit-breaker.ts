import { durations } from '../lib/durations.ts';
import { createTenantCache } from '../lib/tenant-cache.ts';

/** How a request ended, as far as it says something about its host. `unknown`: it was canceled, or never sent. */
export type Contact = 'answered' | 'timedOut' | 'unknown';

/** Remembers which servers hang, so that requests to them are paused: for each tenant, what it has seen itself. */
export interface CircuitBreaker {
  /** When requests to the server resume, epoch milliseconds; undefined if they may be sent now. */
  pausedUntilMs(tenant: string, server: string): number | undefined;
  /** A request to the server starts. After a pause it is the only one of the tenant until it ends. */
  started(tenant: string, server: string): void;
  /** A request to the server has finished. */
  ended(tenant: string, server: string, contact: Contact): void;
}

/** Options for {@link createCircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Epoch milliseconds. */
  now: () => number;
  /** So many timeouts in a row, without an answer between them, make a pause. 3 by default. */
  threshold?: number;
  /** The first pause; each next one is twice as long. 30 s by default. */
  pauseMs?: number;
  /** The longest pause. 2 min by default: an administrator who fixed a server should not have to wait longer. */
  longestPauseMs?: number;
}

interface Trouble {
  timeouts: number;
  pauses: number;
  untilMs: number;
  probing: boolean;
}

/** Servers in trouble that are remembered, for one tenant and in all. */
const maxPerTenant = 100;
const maxInAll = 5_000;

/**
 * Creates a circuit breaker (https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker). Only timeouts
 * count: every other failure returns at once and holds nothing up. It knows only servers that are in trouble.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const {
    now,
    threshold = 3,
    pauseMs = durations.net.firstPauseMs,
    longestPauseMs = durations.net.longestPauseMs,
  } = options;
  const troubles = createTenantCache<Trouble>({ maxPerTenant, max: maxInAll });

  return {
    pausedUntilMs(tenant, server) {
      const trouble = troubles.get(tenant, server);
      if (trouble === undefined || trouble.pauses === 0) return undefined;
      // While one request finds out, the others wait as long as a pause would at least take.
      if (trouble.probing) return now() + pauseMs;
      return now() < trouble.untilMs ? trouble.untilMs : undefined;
    },
    started(tenant, server) {
      const trouble = troubles.get(tenant, server);
      if (trouble !== undefined && trouble.pauses > 0) trouble.probing = true;
    },
    ended(tenant, server, contact) {
      if (contact === 'answered') {
        troubles.delete(tenant, server);
        return;
      }
      const former = troubles.get(tenant, server);
      const trouble = former ?? { timeouts: 0, pauses: 0, untilMs: 0, probing: false };
      if (contact === 'timedOut') {
        trouble.timeouts += 1;
        // Those that were under way when the pause began say nothing new when they time out as well.
        if (trouble.probing || (trouble.pauses === 0 && trouble.timeouts >= threshold)) {
          trouble.untilMs = now() + Math.min(pauseMs * 2 ** trouble.pauses, longestPauseMs);
          trouble.pauses += 1;
        }
        if (former === undefined) troubles.set(tenant, server, trouble);
      }
      trouble.probing = false;
    },
  };
}
