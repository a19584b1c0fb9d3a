import { cloudOf } from '../urls.ts';

/** Where a person makes and changes tokens, on the server at that host. */
export function tokensPage(host: string): string {
  return `https://${host}/settings/tokens`;
}

/**
 * The REST base of a GitHub web address: `api.github.com`, `api.SUB.ghe.com` (data residency), or `/api/v3` of an
 * Enterprise Server, which has no sub-path. Two different hosts never share a base, so a credential of an
 * Enterprise Server can't leave for api.github.com (https://github.com/external-secrets/external-secrets/issues/5661).
 */
export function apiUrl(webUrl: URL): URL {
  if (cloudOf(webUrl) === 'GitHub') return new URL('https://api.github.com');
  if (webUrl.hostname.endsWith('.ghe.com')) {
    return new URL(`https://api.${webUrl.hostname.replace(/^api\./, '')}`);
  }
  return new URL(`${webUrl.origin}/api/v3`);
}
