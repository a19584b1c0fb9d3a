import { trimEnd } from '../lib/trim-end.ts';
import type { ProviderName } from './provider.ts';

/** The clouds by host, so that a wrong `spec.provider` is seen without a call. */
const clouds = new Map<string, ProviderName>([
  ['github.com', 'GitHub'],
  ['gitlab.com', 'GitLab'],
  ['bitbucket.org', 'Bitbucket'],
  ['dev.azure.com', 'AzureDevOps'],
]);

/** The provider whose cloud a web address is, or undefined for any other server. `www.` and `api.` count as the host. */
export function cloudOf(webUrl: URL): ProviderName | undefined {
  return clouds.get(webUrl.hostname.replace(/^(www|api)\./, ''));
}

/** A URL as text without the trailing slash, ready to have `/path` appended. Query and fragment are dropped. */
export function baseOf(url: URL): string {
  return trimEnd(`${url.origin}${url.pathname}`, '/');
}

/**
 * As {@link baseOf}, up to the first segment of the path with that name, and so many segments before it.
 *
 * @param within how many segments in front of it are cut off, too
 */
export function baseBefore(url: URL, segment: string, within = 0): string {
  const parts = url.pathname.split('/');
  const at = parts.indexOf(segment);
  if (at < 0) return baseOf(url);
  return trimEnd(`${url.origin}${parts.slice(0, Math.max(at - within, 1)).join('/')}`, '/');
}
