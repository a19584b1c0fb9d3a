import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';
import { hasPortOrNone, isPort } from '../lib/port.ts';
import { hostOf } from './egress-policy.ts';

/** Proxy settings in the form of the environment variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export interface ProxySettings {
  /** URL of the proxy for https requests, as {@link readProxyUrl} returns it. */
  httpsProxy?: string;
  /** URL of the proxy for http requests, as {@link readProxyUrl} returns it. */
  httpProxy?: string;
  /**
   * Hosts called directly, separated by commas or blanks: `*` for all, a name (its subdomains too, with or without a
   * leading dot or `*.`), an address, a CIDR block, each but the block optionally with `:port`. CIDR blocks count because
   * Kubernetes installations usually put the Service network here, as Go programs understand it:
   * https://pkg.go.dev/golang.org/x/net/http/httpproxy.
   */
  noProxy?: string;
}

/** A proxy setting that can't be used. The message completes a sentence that begins with the setting's name, without the value. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError';
}

const example = 'http://proxy.example.com:3128';

/**
 * Reads the URL of a proxy as curl and Go do: `host:port` means `http://host:port`. Returns the URL in the form that the
 * connections need.
 *
 * @throws {ProxySettingError} for everything else than an http or https URL of a host, with port and login at most. The
 *   value may hold a password, so the message does not repeat it.
 */
export function readProxyUrl(text: string): string {
  const trimmed = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme?.startsWith('socks') === true)
    throw new ProxySettingError(
      `names a SOCKS proxy, which is not supported: give an http or https proxy, such as ${example}`,
    );
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    throw new ProxySettingError(`must start with http:// or https://, such as ${example}`);
  const written = scheme === undefined ? `http://${trimmed}` : trimmed;
  const url = parse(written);
  if (url === undefined || !isHost(hostOf(url)) || !hasPortOrNone(written) || !isOneHost(url))
    throw new ProxySettingError(
      `must be HOST:PORT or the URL of a proxy, such as ${example}; in a user name or password, write special characters percent-encoded`,
    );
  return url.href;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** An unescaped `#`, `?` or `/` in a password ends the host early, and shows as one of these. */
function isOneHost({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && search === '' && hash === '' && [username, password].every(isEncoded);
}

/** Undici decodes the login, and throws for a `%` that begins no code. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The URL parser takes much that is no name (`$(PROXY)`), and a bare number for an address (`3128` is 0.0.12.56). */
function isHost(host: string): boolean {
  if (isIP(host) !== 0) return !host.startsWith('0.');
  return /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/.test(host);
}

/**
 * Checks a list of hosts to call directly.
 *
 * @throws {ProxySettingError} with the number of the first entry that could never match a host
 */
export function checkNoProxy(text: string): void {
  for (const [index, entry] of entriesOf(text).entries()) {
    const fault = faultOf(entry);
    if (fault !== undefined) throw new ProxySettingError(`has an entry, number ${index + 1}, that ${fault}`);
  }
}

function faultOf(entry: string): string | undefined {
  if (entry === '*') return undefined;
  if (entry.includes('://')) return 'is a URL: write the host alone';
  if (entry.includes('/'))
    return ipaddr.isValidCIDR(entry) ? undefined : 'is not a CIDR block such as 10.0.0.0/8';
  const { name, port } = splitPort(entry);
  if (port !== undefined && !isPort(port)) return 'has a port outside 1 to 65535';
  if (isIP(name) !== 0) return undefined;
  if (/^[0-9.]*\*/.test(name) && /\d/.test(name))
    return 'is a pattern of addresses: write a CIDR block such as 10.0.0.0/8';
  const host = domainToASCII(name.replace(/^\*?\./, ''));
  return isHost(host) ? undefined : 'is not a host name, an address or a CIDR block';
}

/** Returns the URL of the proxy to use for `url`, or undefined to call it directly. */
export function chooseProxy(settings: ProxySettings, url: URL): string | undefined {
  const proxy = url.protocol === 'https:' ? settings.httpsProxy : settings.httpProxy;
  if (proxy === undefined || proxy === '') return undefined;
  return entriesOf(settings.noProxy ?? '').some((entry) => bypasses(entry, url)) ? undefined : proxy;
}

function entriesOf(noProxy: string): string[] {
  return noProxy.split(/[\s,]+/).filter((entry) => entry !== '');
}

function bypasses(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = hostOf(url).replace(/\.$/, '');
  if (entry.includes('/')) return inBlock(entry, host);
  const { name, port } = splitPort(entry);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  if (isIP(name) !== 0) return isIP(host) !== 0 && sameAddress(name, host);
  const bare = domainToASCII(name.replace(/^\*?\./, '').replace(/\.$/, ''));
  return bare !== '' && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)));
}

function splitPort(entry: string): { name: string; port?: string } {
  if (isIP(entry) !== 0) return { name: entry };
  const [, bracketed, named, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const name = bracketed ?? named ?? entry;
  return port === undefined ? { name } : { name, port };
}

function sameAddress(one: string, other: string): boolean {
  return ipaddr.parse(one).toString() === ipaddr.parse(other).toString();
}

function inBlock(block: string, host: string): boolean {
  if (isIP(host) === 0 || !ipaddr.isValidCIDR(block)) return false;
  const address = ipaddr.parse(host);
  const [network, bits] = ipaddr.parseCIDR(block);
  return address.kind() === network.kind() && address.match(network, bits);
}
