import { baseBefore, cloudOf } from '../urls.ts';

/** Whether a web address is Bitbucket Cloud. Any other host is a Data Center. */
export function isCloud(webUrl: URL): boolean {
  return cloudOf(webUrl) === 'Bitbucket';
}

/**
 * The REST base: `api.bitbucket.org/2.0`, or `/rest/api/latest` below a Data Center's address, which may have a
 * context path (`https://h/bitbucket`). Without `/2.0` the cloud answers 403 to a good token
 * (https://github.com/avivsinai/bitbucket-cli/issues/70).
 */
export function apiUrl(webUrl: URL): URL {
  if (isCloud(webUrl)) return new URL('https://api.bitbucket.org/2.0');
  return new URL(`${baseBefore(webUrl, 'rest')}/rest/api/latest`);
}
