import type { Provider, ProviderName } from '../../providers/provider.ts';

/**
 * The URL that an integration has in CodeMie, which compares repository links with `scheme://host[:port]` of it. Of a
 * provider's cloud it is the web root, whatever address there the spec has; of another server it is as given. One that
 * ends in `.git` is kept, because CodeMie keeps it: it then fits links to that repository alone.
 */
export function urlForCodeMie(
  { provider: name, url }: { provider: ProviderName; url?: string | undefined },
  providers: Record<ProviderName, Provider>,
): string {
  const provider = providers[name];
  if (url === undefined) return provider.defaultUrl;
  const given = new URL(url);
  const { origin } = provider.webUrl(given);
  // A repository of the cloud by another of its names is no link that anybody has.
  if (origin === given.origin) return url;
  return origin;
}
