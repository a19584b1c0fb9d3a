import type { Answer } from '../git-hosts/exchange.ts';
import { refuse } from './site.ts';

const hourMs = 3_600_000;

/** The primary limit of one account, or of one anonymous address. */
export interface RateLimit {
  limit: number;
  used: number;
  resetsAtMs: number;
  /** GitHub answers an exceeded limit with either; both are documented. */
  exceededStatus: 403 | 429;
}

/**
 * The primary limits, shared by all tokens of an account. A key is also how GitHub's message calls the
 * holder: `user ID 1001`, `installation ID 7`, or the address of an anonymous client. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export interface RateLimits {
  /** Counts one request; the refusal if there is none left. */
  spend(key: string, nowMs: number): Answer | undefined;
  /** Takes the last one back: a 304 does not count. */
  refund(key: string, nowMs: number): void;
  headers(key: string, nowMs: number): Record<string, string>;
  set(key: string, change: Partial<RateLimit>, nowMs: number): void;
  get(key: string, nowMs: number): RateLimit;
}

/** The address every anonymous client of the harness seems to have. */
export const anonymousKey = '192.0.2.1';

/** 5,000 an hour for accounts and installations, 60 for anonymous clients. */
export function createRateLimits(): RateLimits {
  const limits = new Map<string, RateLimit>();

  function get(key: string, nowMs: number): RateLimit {
    let limit = limits.get(key);
    if (limit === undefined) {
      limit = {
        limit: key === anonymousKey ? 60 : 5000,
        used: 0,
        resetsAtMs: nowMs + hourMs,
        exceededStatus: 403,
      };
      limits.set(key, limit);
    }
    if (limit.resetsAtMs <= nowMs) {
      limit.used = 0;
      limit.resetsAtMs = nowMs + hourMs;
    }
    return limit;
  }

  return {
    get,
    spend(key, nowMs) {
      const limit = get(key, nowMs);
      if (limit.used >= limit.limit) {
        return refuse(
          limit.exceededStatus,
          `API rate limit exceeded for ${key}. If you reach out to GitHub Support for help, please include the request ID and timestamp.`,
          {},
          'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api',
        );
      }
      limit.used += 1;
      return undefined;
    },
    refund(key, nowMs) {
      const limit = get(key, nowMs);
      limit.used = Math.max(0, limit.used - 1);
    },
    headers(key, nowMs) {
      const limit = get(key, nowMs);
      return {
        'x-ratelimit-limit': String(limit.limit),
        'x-ratelimit-remaining': String(limit.limit - limit.used),
        'x-ratelimit-used': String(limit.used),
        'x-ratelimit-reset': String(Math.ceil(limit.resetsAtMs / 1000)),
        'x-ratelimit-resource': 'core',
      };
    },
    set(key, change, nowMs) {
      Object.assign(get(key, nowMs), change);
    },
  };
}
