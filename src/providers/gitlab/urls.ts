import { baseOf } from '../urls.ts';

/** The REST base of a GitLab: `/api/v4` below the web address, which may be a sub-path (`https://h/gitlab`). */
export function apiUrl(webUrl: URL): URL {
  return new URL(`${baseOf(webUrl).replace(/\/api\/v4$/, '')}/api/v4`);
}
