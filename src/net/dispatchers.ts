import { lookup } from 'node:dns/promises';
import type { SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { bounds } from '../lib/bounds.ts';
import { durations } from '../lib/durations.ts';
import { fence } from '../lib/fence.ts';
import { ProxyLoginError, ProxySocketError, UnfinishedConnectionError } from './classify-error.ts';
import { createGuardedLookup, type EgressPolicy, type Resolve } from './egress-policy.ts';
import type { Handshakes } from './handshakes.ts';
import { NetError } from './net-error.ts';
import { chooseProxy, type ProxySettings } from './proxy.ts';

/** What the connections of a client are made with. */
export interface ConnectionSettings {
  policy: EgressPolicy;
  /** Undefined trusts the roots of the process. */
  trust: SecureContext | undefined;
  /** Whether `trust` holds certificates that were given for the servers of this client alone. */
  ownCa: boolean;
  proxy: ProxySettings;
  connectTimeoutMs: number;
  resolve?: Resolve;
  /** Asked right before each request is written; false holds it back. */
  maySend?: () => boolean;
  /** What bounds TLS handshakes with servers; by default nothing does. */
  handshakes?: Pick<Handshakes, 'bound'>;
}

/** The way to a URL. */
export interface Route {
  dispatcher: Dispatcher;
  viaProxy: boolean;
}

/** The connection pools of one client. */
export interface Dispatchers {
  /** See {@link ConnectionSettings.ownCa}. */
  ownCa: boolean;
  routeTo(url: URL): Route;
  /** Takes no new requests and resolves when the running ones are over. */
  close(): Promise<void>;
}

/** More at once to one host wait for a free connection. */
const connectionsPerHost = 32;

/**
 * Creates the pools: one for direct connections, whose lookup is guarded by the policy, and one per proxy. A proxy
 * resolves names itself and is usually in a private network, so behind it only the check of the URL applies.
 *
 * HTTP/2 is off: a single connection would carry every tenant's requests, and one stalled stream could hold them all.
 */
export function createDispatchers(settings: ConnectionSettings): Dispatchers {
  const { policy, trust, connectTimeoutMs } = settings;
  const { maySend = () => true } = settings;
  const bound = (connect: Connector): Connector => keepAlerts(settings.handshakes?.bound(connect) ?? connect);
  const socket = {
    ...(trust === undefined ? {} : { secureContext: trust }),
    timeout: connectTimeoutMs,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs(connectTimeoutMs),
  };
  const common = {
    allowH2: false,
    connections: connectionsPerHost,
    maxHeaderSize: bounds.responseHeaders.maxBytes,
    // The deadline of the exchange covers these two.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const fenced = fence(() => !maySend(), heldBack);
  // `net.connect` takes the lookup; the types of undici leave it out.
  const guarded = { ...socket, lookup: createGuardedLookup(policy, settings.resolve ?? resolveAll) };
  const connectDirectly = buildConnector({ ...guarded, allowH2: false });
  const direct = new Agent({ ...common, connect: bound(connectDirectly) }).compose(fenced, noticeProxyLogin);
  const proxies = new Map<string, Dispatcher>();
  const proxyFor = (uri: string): Dispatcher => {
    const existing = proxies.get(uri);
    if (existing !== undefined) return existing;
    const created = new ProxyAgent({
      ...common,
      uri,
      requestTls: socket,
      proxyTls: socket,
      // Else a proxy that accepts the connection and never answers to CONNECT holds its socket for five minutes.
      clientFactory: (origin, options) =>
        new Pool(origin, { ...withConnect(options, ofProxy), headersTimeout: connectTimeoutMs }),
      factory: (origin, options) => new Pool(origin, withConnect(options, bound)),
    }).compose(fenced, noticeProxyLogin);
    proxies.set(uri, created);
    return created;
  };
  return {
    ownCa: settings.ownCa,
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

/**
 * Of several addresses of a name, Node gives up each but the last after 250 ms, which is less than a handshake takes on
 * a slow way: https://nodejs.org/api/net.html#socketconnectoptions-connectlistener. So an address gets seconds, but
 * never so many that none are left for the next one.
 */
export function attemptTimeoutMs(connectTimeoutMs: number): number {
  return Math.min(durations.operator.addressAttemptMs, Math.ceil(connectTimeoutMs / 2));
}

/**
 * Ends a request with the one status that `fetch` keeps to itself:
 * https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
const noticeProxyLogin: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  // undici creates a handler for each request, so no other request is affected.
  const start = handler.onResponseStart?.bind(handler);
  handler.onResponseStart = (controller, status, ...rest) => {
    if (status === 407) controller.abort(new ProxyLoginError());
    else start?.(controller, status, ...rest);
  };
  return dispatch(options, handler);
};

type Connector = buildConnector.connector;

/**
 * TLS 1.3 lets a server refuse after the client has finished its handshake. The alert comes as an error of a socket
 * that is then closed in the usual way, and undici would report that only. What broke earlier is marked.
 */
function keepAlerts(connect: Connector): Connector {
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [error, socket] = outcome;
      socket?.once('error', (late) => socket.destroy(late));
      if (error && isBroken(error)) callback(new UnfinishedConnectionError(error), null);
      else callback(...outcome);
    });
}

function isBroken(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return !(error instanceof ProxySocketError) && (code === 'ECONNRESET' || code === 'EPIPE');
}

/** Marks the failures of the socket to a proxy, which are not about the server behind it. */
function ofProxy(connect: Connector): Connector {
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [error] = outcome;
      if (error === null) callback(...outcome);
      else callback(new ProxySocketError(error), null);
    });
}

/**
 * The options of a pool with another way to connect, where they have one as a function: the ProxyAgent makes its own.
 */
function withConnect(options: object, change: (connect: Connector) => Connector): object {
  return 'connect' in options && isConnector(options.connect)
    ? { ...options, connect: change(options.connect) }
    : options;
}

function isConnector(connect: unknown): connect is Connector {
  return typeof connect === 'function';
}

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true });

function heldBack(origin: string | URL | undefined): NetError {
  const host = URL.parse(String(origin))?.hostname ?? '';
  return new NetError({
    kind: 'Aborted',
    message: `The request to ${host} was held back, because another replica may be at work by now.`,
    hint: 'The other replica goes on.',
    host,
    requestSent: false,
  });
}
