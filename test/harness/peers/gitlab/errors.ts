import type { Answer } from '../git-hosts/exchange.ts';

/** `render_api_error!` of https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/helpers.rb */
export function refuse(status: number, message: string): Answer {
  return { status, body: { message } };
}

export function unauthorized(): Answer {
  return refuse(401, '401 Unauthorized');
}

/** A route of the API that does not exist. */
export function unknownRoute(): Answer {
  return { status: 404, body: { error: '404 Not Found' } };
}

/**
 * An error of OAuth's kind (RFC 6750), as `install_error_responders` of
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/api_guard.rb makes them; the 401s name themselves
 * in `www-authenticate` too.
 */
export function oauthError(
  status: 401 | 403,
  error: string,
  description: string,
  extra: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers:
      status === 401
        ? {
            'www-authenticate': `Bearer realm="The API", error="${error}", error_description="${description}"`,
          }
        : {},
    body: { error, error_description: description, ...extra },
  };
}
