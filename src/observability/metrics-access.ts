import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { durations } from '../lib/durations.ts';

/** `unauthenticated`: no token, or none that counts. `forbidden`: a known user without the right. */
export type AccessVerdict = 'allowed' | 'unauthenticated' | 'forbidden';

/** `unavailable`: access can't be checked, or too many reviews run. The read is rejected then. */
export type AccessAnswer = AccessVerdict | 'unavailable';

/** Options for {@link createMetricsAccess}. */
export interface MetricsAccessOptions {
  /** Asks who the bearer is and what they may do. Rejections count as `unavailable`. */
  review: (token: string, signal: AbortSignal) => Promise<AccessVerdict>;
  /** Hears of reviews that failed, and of what they threw. */
  onFailure: (error: unknown) => void;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Decides who may read metrics. */
export interface MetricsAccess {
  /** @param authorization the header as it came, if one did */
  check(authorization: string | undefined): Promise<AccessAnswer>;
}

/** How long an answer counts. A token that was revoked, or a right that was taken, ends within this time. */
const allowedForMs = durations.observability.allowedReaderMs;
const refusedForMs = durations.observability.refusedReaderMs;
/** A scraper gives up after ten seconds by default. */
const reviewTimeoutMs = durations.observability.readerReviewMs;
/** Reviews at the same time. Those who guess tokens get no more of the API server than this. */
const mostReviews = 4;
/** Answers that are kept, of each kind, so that refusals never push out who is allowed. */
const mostKept = 100;
/** Longer than any token of Kubernetes. Node.js allows 16 KiB for all headers together. */
const longestToken = 8_192;

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1; linear, as its two classes share no character. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Keeps the decision cheap for scrapers and for the API server: an answer is kept for a while under a keyed digest of the
 * token, requests with the same token share a review, and only few reviews run at a time.
 */
export function createMetricsAccess({ review, onFailure, now }: MetricsAccessOptions): MetricsAccess {
  const key = createSecretKey(randomBytes(32));
  const allowed = createKept(allowedForMs);
  const refused = createKept(refusedForMs);
  const running = new Map<string, Promise<AccessAnswer>>();

  function createKept(forMs: number) {
    const kept = new Map<string, { verdict: AccessVerdict; untilMs: number }>();
    return {
      get(id: string): AccessVerdict | undefined {
        const found = kept.get(id);
        return found && found.untilMs > now() ? found.verdict : undefined;
      },
      set(id: string, verdict: AccessVerdict): void {
        kept.delete(id);
        kept.set(id, { verdict, untilMs: now() + forMs });
        const [oldest] = kept.keys();
        if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
      },
    };
  }

  async function ask(id: string, token: string): Promise<AccessAnswer> {
    try {
      const verdict = await review(token, AbortSignal.timeout(reviewTimeoutMs));
      (verdict === 'allowed' ? allowed : refused).set(id, verdict);
      return verdict;
    } catch (error) {
      onFailure(error);
      return 'unavailable';
    } finally {
      running.delete(id);
    }
  }

  return {
    async check(authorization = '') {
      if (authorization.length > longestToken) return 'unauthenticated';
      const token = bearer.exec(authorization)?.[1];
      if (token === undefined) return 'unauthenticated';
      const id = createHmac('sha256', key).update(token).digest('base64');
      const cached = allowed.get(id) ?? refused.get(id);
      if (cached !== undefined) return cached;
      const shared = running.get(id);
      if (shared !== undefined) return shared;
      if (running.size >= mostReviews) return 'unavailable';
      const answer = ask(id, token);
      running.set(id, answer);
      return answer;
    },
  };
}
