/** How a request ended, as far as it tells about its host. `unknown`: it was given up, or never sent. */
export type Contact = 'answered' | 'timedOut' | 'unknown';

/** Remembers which hosts hang, so that they are left alone for a while. */
export interface CircuitBreaker {
  /** When the host may be asked again, epoch milliseconds; undefined if it may be asked now. */
  pausedUntilMs(host: string): number | undefined;
  /** A request to the host starts. After a pause it is the only one until it ends. */
  started(host: string): void;
  /** A request to the host has ended. */
  ended(host: string, contact: Contact): void;
}

/** Options for {@link createCircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Epoch milliseconds. */
  now: () => number;
  /** So many timeouts in a row, without an answer between them, make a pause. 3 by default. */
  threshold?: number;
  /** The first pause; each next one is twice as long. 30 s by default. */
  pauseMs?: number;
  /** The longest pause. 2 min by default: a person who has mended a server should not have to wait longer. */
  longestPauseMs?: number;
}

interface Trouble {
  timeouts: number;
  pauses: number;
  untilMs: number;
  probing: boolean;
}

/**
 * Creates a circuit breaker (https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker). Only timeouts
 * count: every other failure is over at once and holds nobody up. It knows only hosts that are in trouble, so it stays
 * small.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { now, threshold = 3, pauseMs = 30_000, longestPauseMs = 120_000 } = options;
  const troubles = new Map<string, Trouble>();

  return {
    pausedUntilMs(host) {
      const trouble = troubles.get(host);
      if (trouble === undefined || trouble.pauses === 0) return undefined;
      // While one request finds out, the others wait as long as a pause would at least take.
      if (trouble.probing) return now() + pauseMs;
      return now() < trouble.untilMs ? trouble.untilMs : undefined;
    },
    started(host) {
      const trouble = troubles.get(host);
      if (trouble !== undefined && trouble.pauses > 0) trouble.probing = true;
    },
    ended(host, contact) {
      if (contact === 'answered') {
        troubles.delete(host);
        return;
      }
      const trouble = troubles.get(host) ?? { timeouts: 0, pauses: 0, untilMs: 0, probing: false };
      if (contact === 'timedOut') {
        trouble.timeouts += 1;
        // Those that were under way when the pause began say nothing new when they time out as well.
        if (trouble.probing || (trouble.pauses === 0 && trouble.timeouts >= threshold)) {
          trouble.untilMs = now() + Math.min(pauseMs * 2 ** trouble.pauses, longestPauseMs);
          trouble.pauses += 1;
        }
        troubles.set(host, trouble);
      }
      trouble.probing = false;
    },
  };
}
