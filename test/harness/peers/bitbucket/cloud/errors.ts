import type { Answer } from '../../git-hosts/exchange.ts';

/** `detail` is a text or an object: https://github.com/atlassian-api/atlassian-python-api/issues/1260 */
export function refuse(
  status: number,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): Answer {
  return { status, body: { type: 'error', error: { message, ...more } } };
}

/** Wrong, expired, without scopes, of another product, or sent as Bearer: one text. https://github.com/avivsinai/bitbucket-cli/issues/30 */
export function badToken(): Answer {
  return refuse(401, 'Token is invalid, expired, or not supported for this endpoint.');
}

/**
 * What Basic gets that is no API token's, app passwords since 2026-07-28 among them. No JSON:
 * https://support.atlassian.com/bitbucket-cloud/kb/getting-401-http-error-while-authenticating-to-bitbucket-cloud-rest-apis,
 * https://github.com/renovatebot/renovate/issues/20533
 */
export function badLogin(): Answer {
  return {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Bitbucket.org HTTP"' },
    body: 'Login failed due to incorrect login credentials or method.',
  };
}

/**
 * What `GET /2.0/user` answers to the tokens of repositories, projects and workspaces, which belong to no user; recorded on
 * 2026-09-30 with a good repository access token.
 */
export function wrongMechanism(): Answer {
  return refuse(403, 'This API is not accessible by this authentication mechanism');
}

/** The proof that a token is good, and all it may do. https://github.com/gildas/bitbucket-cli/issues/56 */
export function lacksScopes(granted: readonly string[], required: readonly string[]): Answer {
  return refuse(403, 'Your credentials lack one or more required privilege scopes.', {
    detail: { granted, required },
  });
}

/** https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770 */
export function removed(): Answer {
  return refuse(410, 'CHANGE-2770 - Functionality has been deprecated', {
    detail: 'This functionality has been deprecated and is no longer available.',
    data: { announcement_url: 'https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770' },
  });
}
