import type { Fault } from '../git-hosts/faults.ts';
import { refuse } from './site.ts';

/**
 * The secondary limit, with or without `retry-after` (then a client waits at least a minute).
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export function secondaryLimit(options: { status?: 403 | 429; retryAfterS?: number } = {}): Fault {
  return refuse(
    options.status ?? 403,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    options.retryAfterS === undefined ? {} : { 'retry-after': String(options.retryAfterS) },
    'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits',
  );
}

/** What the secondary limit was called before; GitHub response recorded in PyGithub's test suite. */
export function abuseDetection(): Fault {
  return refuse(
    403,
    'You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.',
    {},
    'https://developer.github.com/v3/#abuse-rate-limits',
  );
}

/**
 * After several bad credentials GitHub refuses good ones too for a while.
 * https://docs.github.com/rest/authentication/authenticating-to-the-rest-api#failed-login-limit; text as in a
 * GitHub response recorded in PyGithub's test suite.
 */
export function tooManyBadAttempts(): Fault {
  return refuse(403, 'Max number of login attempt exceeded');
}

/** GitHub response recorded in PyGithub's test suite (`Exceptions.testNonJsonDataReturnedByGithub`): HTML called JSON. */
export function serviceUnavailable(): Fault {
  return {
    status: 503,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: '<html><body><h1>503 Service Unavailable</h1>No server is available to handle this request.</body></html>',
  };
}

/** GitHub response recorded in PyGithub's test suite: a request that took more than 10 seconds. */
export function serverError(): Fault {
  return { status: 502, body: { error: 'Server Error' } };
}
