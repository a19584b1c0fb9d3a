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
