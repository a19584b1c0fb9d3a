import type { Fault } from '../git-hosts/faults.ts';
import { oauthError } from './errors.ts';
import { loginPage } from './web.ts';

/** The rack throttle: https://docs.gitlab.com/security/rate_limits/; plain text, with or without `Retry-After`. */
export function throttled(options: { retryAfterS?: number } = {}): Fault {
  return {
    status: 429,
    headers: {
      'content-type': 'text/plain',
      ...(options.retryAfterS === undefined
        ? {}
        : {
            'retry-after': String(options.retryAfterS),
            'ratelimit-limit': '2000',
            'ratelimit-observed': '2001',
            'ratelimit-remaining': '0',
            'ratelimit-name': 'throttle_authenticated_api',
          }),
    },
    body: 'Retry later\n',
  };
}

/** The limits inside the application, without a time to wait: https://gitlab.com/gitlab-org/gitlab/-/issues/365728 */
export function tooManyRequests(): Fault {
  return {
    status: 429,
    body: { message: { error: 'This endpoint has been requested too many times. Try again later.' } },
  };
}

/** A single sign-on in front of the API: 200 and a page. https://github.com/ezbz/gitlabber/issues/80 */
export function loginInsteadOfApi(): Fault {
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: loginPage };
}

/** https://github.com/python-gitlab/python-gitlab/issues/2510 */
export function blockedByCloudflare(): Fault {
  return {
    status: 403,
    headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' },
    body: '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>',
  };
}

/** Where demonstrated proof of possession is asked of a token: `DpopValidationError` of lib/gitlab/auth/auth_finders.rb. */
export function dpopRequired(): Fault {
  const { status, headers, body } = oauthError(
    401,
    'dpop_error',
    'DPoP validation error: DPoP header is missing',
  );
  return { status, headers: headers ?? {}, body };
}
