import type { Fault } from '../../git-hosts/faults.ts';

/**
 * The token bucket an administrator may turn on. `retry-after` may be 0.
 * https://confluence.atlassian.com/bitbucketserver/improving-instance-stability-with-rate-limiting-976171954.html
 */
export function rateLimited(options: { retryAfterS?: number } = {}): Fault {
  return {
    status: 429,
    headers: {
      'x-ratelimit-limit': '60',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-interval-seconds': '1',
      'x-ratelimit-fillrate': '5',
      'retry-after': String(options.retryAfterS ?? 1),
    },
    body: { errors: [{ context: null, message: 'You have been rate limited.', exceptionName: null }] },
  };
}
