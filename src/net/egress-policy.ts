import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { matchesGlob } from '../lib/linear-text.ts';
import { type AddressClass, classifyAddress, isMeshAddress } from './address.ts';
import { NetError } from './net-error.ts';

/** Which servers may be called. */
export interface EgressPolicy {
  /**
   * Host names that may be called, lower case. `*` stands for any run of characters, dots too: `*.example.com` allows
   * `git.example.com` and `a.b.example.com`, but not `example.com`. An entry with a port, such as
   * `git.example.com:8443`, allows that port.
   */
  allowedHosts: readonly string[];
  /** Whether an entry without a port allows the usual port of the scheme only; false by default: it allows any. */
  listedPortsOnly?: boolean;
  /** Whether the allowed hosts may have private and loopback addresses. Metadata services stay refused. */
  allowPrivateNetworks: boolean;
  /** Whether plain `http:` is allowed; false by default. */
  allowHttp?: boolean;
}

/** Finds the addresses of a host name. Rejects with an error that has a `code`, as `node:dns` does. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/**
 * Checks all of a URL that can be checked without resolving its host.
 *
 * @throws {NetError} `HostNotAllowed` or `AddressNotAllowed`.
 */
export function checkUrl(url: URL, policy: EgressPolicy): void {
  const host = hostOf(url);
  if (url.username !== '' || url.password !== '') {
    throw refused(
      host,
      `The URL of ${host} contains a user name or a password.`,
      'Remove it: credentials come from Secrets only.',
    );
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowHttp === true)) {
    throw refused(host, `The URL of ${host} does not use https.`, 'Use an https URL.');
  }
  const { allowedHosts, listedPortsOnly = false } = policy;
  const isAllowed = listedPortsOnly
    ? allowsServer(allowedHosts, url)
    : allowedHosts.some((entry) => matchesHost(withoutPort(entry).pattern, host));
  if (!isAllowed) {
    throw refused(host, `The host ${url.host} is not in the list of allowed hosts.`, askForHost);
  }
  if (isIP(host) !== 0) checkAddress(host, host, policy);
}

/** The hints of refusals that a setting lifts. Code that knows where the setting is says so instead. */
export const askForHost = 'Ask the administrator of the connection to allow it.';
/** See {@link askForHost}. */
export const askForPrivateNetworks = 'Private networks have to be allowed in the connection.';

/**
 * A `lookup` for `net.connect` that refuses addresses the policy forbids. The check is in the very lookup whose
 * answer is dialled, so a name that changes its address between a check and the connection (DNS rebinding) gains
 * nothing. One forbidden address among good ones refuses the name.
 */
export function createGuardedLookup(policy: EgressPolicy, resolve: Resolve): LookupFunction {
  const resolveGuarded = callbackify(guardedResolve);
  return (hostname, options, callback) => {
    const family = options.family === 4 || options.family === 6 ? options.family : 0;
    resolveGuarded(hostname, family, policy, resolve, (error, addresses) => {
      if (error !== null) callback(error, '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, addresses[0].address, addresses[0].family);
    });
  };
}

async function guardedResolve(
  hostname: string,
  family: number,
  policy: EgressPolicy,
  resolve: Resolve,
): Promise<[LookupAddress, ...LookupAddress[]]> {
  const addresses = await resolve(hostname);
  for (const { address } of addresses) checkAddress(address, hostname, policy);
  const [first, ...rest] = addresses.filter((entry) => family === 0 || entry.family === family);
  if (first === undefined) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
  return [first, ...rest];
}

function hintFor(address: string, where: AddressClass): string {
  if (where === 'private') return askForPrivateNetworks;
  return isMeshAddress(address)
    ? 'A service mesh or tunnel seems to have made it up: leave the Pods of the operator out of its DNS, or set HTTPS_PROXY, so that the proxy resolves the name.'
    : 'Link-local, metadata, multicast and reserved addresses are never called.';
}

function checkAddress(address: string, host: string, policy: EgressPolicy): void {
  const where = classifyAddress(address);
  if (where === 'public' || (where === 'private' && policy.allowPrivateNetworks)) return;
  throw new NetError({
    kind: 'AddressNotAllowed',
    message: `The host ${host} has an address that must not be called.`,
    hint: hintFor(address, where),
    host,
    requestSent: false,
  });
}

/**
 * Whether one of the entries allows the host of a URL with the very port of it. An entry without a port, be it a
 * pattern or not, allows the usual port of the scheme.
 */
export function allowsServer(entries: readonly string[], url: URL): boolean {
  const host = hostOf(url);
  return entries.some((entry) => {
    const { pattern, port } = withoutPort(entry);
    return port === url.port && matchesHost(pattern, host);
  });
}

/** Takes an entry apart. The port is empty where there is none, or the usual one of https, as in a URL. */
function withoutPort(entry: string): { pattern: string; port: string } {
  const colon = entry.indexOf(':');
  // More than one colon is an IPv6 address.
  if (colon < 0 || colon !== entry.lastIndexOf(':')) return { pattern: entry, port: '' };
  const port = entry.slice(colon + 1);
  return { pattern: entry.slice(0, colon), port: port === '443' ? '' : port };
}

/** The host of a URL without port and without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host name, as {@link hostOf} gives it, matches a pattern of {@link EgressPolicy.allowedHosts}. */
export function matchesHost(pattern: string, host: string): boolean {
  return matchesGlob(pattern.toLowerCase(), host);
}

function refused(host: string, message: string, hint: string): NetError {
  return new NetError({ kind: 'HostNotAllowed', message, hint, host, requestSent: false });
}
