import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';

/** Where a Git product is: the part of a `Provider` that the URL in CodeMie depends on. */
interface ProviderUrls {
  /** The web root of its cloud. */
  defaultUrl: string;
  /** The web root for an address of the product, such as that of its API. */
  webUrl(url: URL): URL;
}

/**
 * The URL that an integration has in CodeMie, which compares repository links with `scheme://host[:port]` of it. Of a
 * provider's cloud it is the web root, whatever address there the spec has; of another server it is as given. One that
 * ends in `.git` is kept, because CodeMie keeps it: it then fits links to that repository alone.
 */
export function urlForCodeMie(
  { provider: name, url }: { provider: ProviderName; url?: string | undefined },
  providers: Record<ProviderName, ProviderUrls>,
): string {
  const provider = providers[name];
  if (url === undefined) return provider.defaultUrl;
  const given = new URL(url);
  const { origin } = provider.webUrl(given);
  // No one links to a repository of the cloud by another of its names.
  if (origin === given.origin) return url;
  return origin;
}

/**
 * The URL as CodeMie stores it: `scheme://host[:port]` with the host in lower case, and path, query and user
 * dropped; a value that ends in `.git` is kept as it was sent.
 *
 * The rule is CodeMie's own (Python's `urlparse`, so a default port stays and an IPv6 host loses its
 * brackets); it is repeated here so that comparing what we want with what CodeMie holds finds no false
 * difference. Source: codemie-ai/codemie, commit 2a481c2, observed on the running backend.
 *
 * @throws RangeError when CodeMie would refuse the value (no scheme or no host)
 */
export function canonicalUrl(url: string): string {
  if (url.endsWith('.git')) return url;
  // urlparse removes these characters wherever they stand, and blanks in front.
  const cleaned = url.replace(/[\t\r\n]/g, '').trimStart();
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(cleaned);
  const scheme = match?.[1]?.toLowerCase();
  const authority = match?.[2]?.replace(/^.*@/, '');
  if (!scheme || !authority) throw new RangeError('The URL has no scheme or no host.');
  return `${scheme}://${authority.toLowerCase().replace(/[[\]]/g, '')}`;
}

/** True when CodeMie will drop a path of this URL, so that integrations under one host look alike to it. */
export function losesPath(url: string): boolean {
  if (url.endsWith('.git')) return false;
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url.trim())?.[1] ?? '';
  return path.replaceAll('/', '') !== '';
}
