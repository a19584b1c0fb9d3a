import type { Fault } from '../../git-hosts/faults.ts';

/**
 * Plain text, and usually no word of when to come back: https://github.com/MitjaBezensek/SharpBucket/issues/108,
 * https://github.com/jenkinsci/bitbucket-branch-source-plugin/pull/414
 */
export function rateLimited(options: { retryAfterS?: number } = {}): Fault {
  return {
    status: 429,
    headers: {
      'content-type': 'text/plain',
      'x-ratelimit-limit': '1000',
      'x-ratelimit-resource': 'api-repositories',
      ...(options.retryAfterS === undefined ? {} : { 'retry-after': String(options.retryAfterS) }),
    },
    body: 'Rate limit for this resource has been exceeded',
  };
}
