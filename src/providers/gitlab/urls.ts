import { baseOf, cloudRoot } from '../urls.ts';

/** The web root: of gitlab.com, or of a server, which may have a sub-path (`https://h/gitlab`). */
export function webUrl(url: URL): URL {
  const [root = ''] = `${url.pathname}/`.split('/api/v4/');
  return cloudRoot(url) ?? new URL(baseOf(new URL(`${url.origin}${root}`)));
}

/** The REST base of a GitLab: `/api/v4` below the web address. */
export function apiUrl(url: URL): URL {
  return new URL(`${baseOf(webUrl(url))}/api/v4`);
}
