import { latestMs, rfc3339 } from '../lib/time.ts';
import type { Answer } from './answer.ts';
import type { RateLimit } from './provider.ts';

/**
 * The budget of calls by the headers of an answer: `X-RateLimit-Limit`, `-Remaining` and `-Reset` as GitHub has them,
 * or GitLab's `RateLimit-…`. Undefined where they are incomplete: servers of one's own usually have no limit, and
 * Bitbucket tells neither what is left nor until when.
 */
export function rateLimitOf(answer: Answer): RateLimit | undefined {
  const read = (name: string): number => {
    const header = answer.header(`x-ratelimit-${name}`) ?? answer.header(`ratelimit-${name}`) ?? '';
    return /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  };
  const [limit, remaining, resetMs] = [read('limit'), read('remaining'), read('reset') * 1000];
  // A comparison with NaN is false.
  if (!(limit >= 0 && remaining >= 0 && resetMs <= latestMs)) return undefined;
  return { limit, remaining, resetsAt: rfc3339(resetMs) };
}
