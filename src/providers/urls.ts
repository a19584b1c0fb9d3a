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
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
