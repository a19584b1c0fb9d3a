import { baseBefore, baseOf, cloudOf, cloudRoot } from '../urls.ts';

/** Whether a web address is Bitbucket Cloud. Any other host is a Data Center. */
export function isCloud(webUrl: URL): boolean {
  return cloudOf(webUrl) === 'Bitbucket';
}

/** What a Data Center has below its root. */
const pages = ['rest', 'scm', 'projects', 'users', 'plugins'];

/** The web root: of the cloud, or of a Data Center, which may have a context path (`https://h/bitbucket`). */
export function webUrl(url: URL): URL {
  return cloudRoot(url) ?? pages.reduce((base, page) => new URL(baseBefore(base, page)), url);
}

/**
 * The REST base: `api.bitbucket.org/2.0`, or `/rest/api/latest` below a Data Center's address. Without `/2.0` the cloud
 * answers 403 to a good token (https://github.com/avivsinai/bitbucket-cli/issues/70).
 */
export function apiUrl(url: URL): URL {
  if (isCloud(url)) return new URL('https://api.bitbucket.org/2.0');
  return new URL(`${baseOf(webUrl(url))}/rest/api/latest`);
}
