import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { hostOf } from './egress-policy.ts';

/** Proxy settings in the form of the environment variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export interface ProxySettings {
  /** URL of the proxy for https requests. */
  httpsProxy?: string;
  /** URL of the proxy for http requests. */
  httpProxy?: string;
  /**
   * Hosts called directly, separated by commas or blanks: `*` for all, a name (its subdomains too, with or without a
   * leading dot or `*.`), an address, a CIDR block, each optionally with `:port`. CIDR blocks count because Kubernetes
   * installations usually put the Service network here, as Go programs understand it:
   * https://pkg.go.dev/golang.org/x/net/http/httpproxy.
   */
  noProxy?: string;
}

/** Returns the URL of the proxy to use for `url`, or undefined to call it directly. */
export function chooseProxy(settings: ProxySettings, url: URL): string | undefined {
  const proxy = url.protocol === 'https:' ? settings.httpsProxy : settings.httpProxy;
  if (proxy === undefined || proxy === '') return undefined;
  const entries = (settings.noProxy ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.some((entry) => bypasses(entry.toLowerCase(), url)) ? undefined : proxy;
}

function bypasses(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = hostOf(url);
  if (entry.includes('/')) return inBlock(entry, host);
  const [name, port] = splitPort(entry);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  const bare = name.replace(/^\*?\./, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function splitPort(entry: string): [name: string, port: string | undefined] {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return [bracketed[1] ?? '', bracketed[2]];
  if (isIP(entry) !== 0) return [entry, undefined];
  const named = /^(.*?)(?::(\d+))?$/.exec(entry);
  return [named?.[1] ?? entry, named?.[2]];
}

function inBlock(block: string, host: string): boolean {
  if (isIP(host) === 0 || !ipaddr.isValidCIDR(block)) return false;
  const address = ipaddr.parse(host);
  const [network, bits] = ipaddr.parseCIDR(block);
  return address.kind() === network.kind() && address.match(network, bits);
}
