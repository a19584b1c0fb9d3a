import { lookup } from 'node:dns/promises';
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { createGuardedLookup, type EgressPolicy, type Resolve } from './egress-policy.ts';
import { fence } from './fence.ts';
import { chooseProxy, type ProxySettings } from './proxy.ts';

/** What the connections of a client are made with. */
export interface ConnectionSettings {
  policy: EgressPolicy;
  /** Undefined trusts the roots of the process. */
  trust: SecureContext | undefined;
  proxy: ProxySettings;
  connectTimeoutMs: number;
  resolve?: Resolve;
  /** Asked right before each request is written; false holds it back. */
  maySend?: () => boolean;
}

/** The way to a URL. */
export interface Route {
  dispatcher: Dispatcher;
  viaProxy: boolean;
}

/** The connection pools of one client. */
export interface Dispatchers {
  routeTo(url: URL): Route;
  /** Takes no new requests and resolves when the running ones are over. */
  close(): Promise<void>;
}

/** More at once to one host wait for a free connection. */
const connectionsPerHost = 32;

/**
 * Creates the pools: one for direct connections, whose lookup is guarded by the policy, and one per proxy. A proxy
 * resolves names itself and usually stands in a private network, so behind it only the check of the URL applies.
 *
 * HTTP/2 is off: a single connection would carry every tenant's requests, and one stalled stream could hold them all.
 */
export function createDispatchers(settings: ConnectionSettings): Dispatchers {
  const { policy, trust, connectTimeoutMs } = settings;
  const tls = trust === undefined ? {} : { secureContext: trust };
  const common = {
    allowH2: false,
    connections: connectionsPerHost,
    // The deadline of the exchange covers these two.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const fenced = fence(settings.maySend ?? (() => true));
  const direct = new Agent({
    ...common,
    connect: {
      ...tls,
      timeout: connectTimeoutMs,
      lookup: createGuardedLookup(policy, settings.resolve ?? resolveAll),
    },
  }).compose(fenced);
  const proxies = new Map<string, Dispatcher>();
  const proxyFor = (uri: string): Dispatcher => {
    const existing = proxies.get(uri);
    if (existing !== undefined) return existing;
    const limits = { ...tls, timeout: connectTimeoutMs };
    const created = new ProxyAgent({
      ...common,
      uri,
      requestTls: limits,
      proxyTls: limits,
      // Else a proxy that accepts the connection and never answers to CONNECT holds its socket for five minutes.
      clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectTimeoutMs }),
    }).compose(fenced);
    proxies.set(uri, created);
    return created;
  };
  return {
    routeTo: (url) => {
      const proxy = chooseProxy(settings.proxy, url);
      return proxy === undefined
        ? { dispatcher: direct, viaProxy: false }
        : { dispatcher: proxyFor(proxy), viaProxy: true };
    },
    close: async () => {
      await Promise.all([direct, ...proxies.values()].map((dispatcher) => dispatcher.close()));
    },
  };
}

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true });
