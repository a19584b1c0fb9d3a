import { cloudOf, cloudRoot } from '../urls.ts';

/** Where a person makes and changes tokens, on the server at that host. */
export function tokensPage(host: string): string {
  return `https://${host}/settings/tokens`;
}

/** The web root: of github.com, of a GHE.com subdomain (data residency), or of an Enterprise Server, which has no sub-path. */
export function webUrl(url: URL): URL {
  const root = cloudRoot(url);
  if (root !== undefined) return root;
  return isDataResidency(url)
    ? new URL(`https://${url.hostname.replace(/^api\./, '')}`)
    : new URL(url.origin);
}

function isDataResidency({ hostname }: URL): boolean {
  return hostname.endsWith('.ghe.com');
}

/**
 * The REST base of a GitHub web address: `api.github.com`, `api.SUB.ghe.com` (data residency), or `/api/v3` of an
 * Enterprise Server, which has no sub-path. Two different hosts never share a base, so a credential of an
 * Enterprise Server can't leave for api.github.com (https://github.com/external-secrets/external-secrets/issues/5661).
 */
export function apiUrl(url: URL): URL {
  if (cloudOf(url) === 'GitHub') return new URL('https://api.github.com');
  const root = webUrl(url);
  return new URL(isDataResidency(root) ? `https://api.${root.hostname}` : `${root.origin}/api/v3`);
}
