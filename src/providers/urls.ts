import { trimEnd } from '../lib/linear-text.ts';
import type { ProviderName } from './provider.ts';

/** The clouds by host, so that a wrong `spec.provider` is seen without a call. */
const clouds = new Map<string, ProviderName>([
  ['github.com', 'GitHub'],
  ['gitlab.com', 'GitLab'],
  ['bitbucket.org', 'Bitbucket'],
  ['dev.azure.com', 'AzureDevOps'],
]);

/** The older address of an organization on Azure DevOps: its name is in the host. */
const visualStudio = /^([a-z0-9-]+)(?:\.[a-z]+)?\.visualstudio\.com$/;

/** The host of a cloud as people know it: without `www.`, `api.` and the dot of the root. */
function webHostOf(url: URL): string {
  return url.hostname.replace(/\.$/, '').replace(/^(www|api)\./, '');
}

/** The provider whose cloud a web address is, or undefined for any other server. `www.` and `api.` count as the host. */
export function cloudOf(webUrl: URL): ProviderName | undefined {
  const host = webHostOf(webUrl);
  return visualStudio.test(host) ? 'AzureDevOps' : clouds.get(host);
}

/**
 * The web root of a provider's cloud for any address there: its API, a group, a repository, a page. Undefined for any
 * other server. It is what people, hints and CodeMie know the cloud by: CodeMie compares repository links with it. Azure
 * DevOps keeps the organization, which its API stands below.
 */
export function cloudRoot(url: URL): URL | undefined {
  const host = webHostOf(url);
  const [, organization] = visualStudio.exec(host) ?? [];
  if (organization !== undefined) return new URL(`https://dev.azure.com/${organization}`);
  if (host === 'dev.azure.com')
    return new URL(`https://${host}/${url.pathname.split('/').find(Boolean) ?? ''}`);
  return clouds.has(host) ? new URL(`https://${host}`) : undefined;
}

/** An address with parameters, for links to forms that are filled in. Commas stay readable. */
export function withQuery(page: string, parameters: Record<string, string>): string {
  return `${page}?${new URLSearchParams(parameters).toString().replaceAll('%2C', ',')}`;
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
