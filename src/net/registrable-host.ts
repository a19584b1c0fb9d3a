import { parse } from 'tldts';

/**
 * The part of a host name that somebody registers, such as `example.com` of `a.b.example.com`: what is below it costs
 * nothing, so that all of it counts as one host. Suffixes are those of the public suffix list that registries run
 * (https://publicsuffix.org); names below those of companies, such as `github.io`, count as one. In a cluster it is the
 * namespace of a Service. An IP address, or a name without a dot, is itself.
 */
export function registrableHost(hostname: string): string {
  const service = /\.([^.]+)\.svc\.cluster\.local$/.exec(hostname);
  if (service) return `${service[1]}.svc.cluster.local`;
  return parse(hostname).domain ?? hostname;
}
