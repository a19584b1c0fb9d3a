import { ownMember } from '../lib/names.ts';
import { NetError } from './net-error.ts';
import {
  failureAtProxy,
  failureBehindProxy,
  notAProxy,
  proxyFailed,
  proxyWantsLogin,
  tunnelFailure,
} from './proxy-failures.ts';
import { type Description, trustFailure, unnamedTlsFailure } from './tls-failures.ts';

/** What is known about an exchange when it fails. */
export interface FailureContext {
  host: string;
  /** Whether the request goes through a proxy: then connection errors are about the proxy. */
  viaProxy: boolean;
  /** Whether certificates were given for this server besides those that the operator trusts everywhere. */
  ownCa: boolean;
  /** What ended the exchange from our side, if anything did. */
  ended: 'timeout' | 'aborted' | undefined;
}

const dns: Description = {
  kind: 'Dns',
  sentence: (host) => `The name ${host} could not be resolved.`,
  hint: 'Check the spelling of the host, and that the DNS of the cluster knows it.',
  requestSent: false,
};

/** `getaddrinfo` has these for servers of names that fail or don't answer. */
const dnsFailed: Description = {
  kind: 'Dns',
  sentence: (host) => `The DNS of the cluster gave no answer for the name ${host}.`,
  hint: 'The operator retries; if this persists, check the DNS of the cluster (CoreDNS) and what it forwards to.',
  requestSent: false,
};

/** Also where a name has IPv6 addresses only, and the Pod has none. */
const noRoute: Description = {
  kind: 'Refused',
  sentence: (host) => `The network of the cluster has no route to ${host}.`,
  hint: 'Check routes and network policies; if the name has only IPv6 addresses, the cluster needs IPv6 or a proxy.',
  requestSent: false,
};

const unreachable: Description = {
  kind: 'Refused',
  sentence: (host) => `No connection to ${host} could be made.`,
  hint: 'Check that the server is running and that the network lets this cluster reach it.',
  requestSent: false,
};

const connectTimeout: Description = {
  kind: 'Timeout',
  sentence: (host) => `No connection to ${host} was made in time.`,
  hint: 'Check that the server is running, and that no firewall or network policy drops the packets.',
  requestSent: false,
};

const timeout: Description = {
  kind: 'Timeout',
  sentence: (host) => `${host} did not answer in time.`,
  hint: 'The operator retries; if this persists, check the load of the server.',
  requestSent: true,
};

const aborted: Description = {
  kind: 'Aborted',
  sentence: (host) => `The request to ${host} was given up.`,
  hint: 'The operator retries.',
  requestSent: true,
};

const reset: Description = {
  kind: 'Reset',
  sentence: (host) => `${host} closed the connection before its answer was complete.`,
  hint: 'The operator retries; if this persists, check the server and what is in front of it.',
  requestSent: true,
};

const cutInHandshake: Description = {
  kind: 'Reset',
  sentence: (host) => `${host} closed the connection during the TLS handshake.`,
  hint: 'The operator retries; if this persists, check the server, what is in front of it, and that the port speaks https.',
  requestSent: false,
};

const closed: Description = {
  kind: 'Aborted',
  sentence: (host) => `The request to ${host} came while its connections were being closed.`,
  hint: 'The operator retries.',
  requestSent: true,
};

const tooLarge: Description = {
  kind: 'TooLarge',
  sentence: (host) => `The answer of ${host} is larger than accepted.`,
  hint: 'Check that the URL leads to the API.',
  requestSent: true,
};

const damaged: Description = {
  kind: 'Other',
  sentence: (host) => `The answer of ${host} is damaged: it could not be decompressed.`,
  hint: 'The operator retries; if this persists, check what is in front of the server, such as a proxy that changes answers.',
  requestSent: true,
};

const notHttp: Description = {
  kind: 'Other',
  sentence: (host) => `The answer of ${host} is not HTTP.`,
  hint: 'Check that the URL and its port lead to a web server.',
  requestSent: true,
};

/** Says nothing of the other side: an error that is not known may be our own. */
const other: Description = {
  kind: 'Other',
  sentence: (host) => `The request to ${host} failed for a reason that is not known here.`,
  hint: 'The operator retries; its log has the error code.',
  requestSent: true,
};

/** Ports of other protocols: https://fetch.spec.whatwg.org/#port-blocking */
const blockedPort: Description = {
  kind: 'HostNotAllowed',
  sentence: (host) =>
    `The port in the URL of ${host} belongs to another protocol, so that HTTP clients never call it.`,
  hint: 'Serve it on another port, such as 443 or 8443; https://fetch.spec.whatwg.org/#port-blocking lists those that are blocked.',
  requestSent: false,
};

/**
 * Codes of Node, OpenSSL and undici. https://nodejs.org/api/errors.html, https://undici.nodejs.org/#/docs/api/Errors.
 * Those of certificates are in `tls-failures.ts`.
 */
const byCode: Record<string, Description> = {
  EPROTO: unnamedTlsFailure,
  ENOTFOUND: dns,
  ENODATA: dns,
  EAI_NODATA: dns,
  EAI_NONAME: dns,
  EBADNAME: dns,
  EAI_AGAIN: dnsFailed,
  EAI_FAIL: dnsFailed,
  EAI_MEMORY: dnsFailed,
  EAI_SYSTEM: dnsFailed,
  ESERVFAIL: dnsFailed,
  EREFUSED: dnsFailed,
  EBADRESP: dnsFailed,
  ETIMEOUT: dnsFailed,
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  EADDRNOTAVAIL: noRoute,
  EAFNOSUPPORT: noRoute,
  EACCES: unreachable,
  EPERM: unreachable,
  UND_ERR_CONNECT_TIMEOUT: connectTimeout,
  ETIMEDOUT: timeout,
  // Set for the CONNECT to a proxy only: the deadline of the exchange covers everything else.
  UND_ERR_HEADERS_TIMEOUT: connectTimeout,
  ECONNRESET: reset,
  EPIPE: reset,
  UND_ERR_SOCKET: reset,
  UND_ERR_CLOSED: closed,
  UND_ERR_DESTROYED: closed,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: reset,
  UND_ERR_HEADERS_OVERFLOW: tooLarge,
  HPE_HEADER_OVERFLOW: tooLarge,
  UND_ERR_PRX_TLS: failureAtProxy(unnamedTlsFailure),
  UND_ERR_PRX_CONN: proxyFailed,
  Z_DATA_ERROR: damaged,
  Z_BUF_ERROR: damaged,
  ERR__ERROR_FORMAT_PADDING_1: damaged,
  ZSTD_error_prefix_unknown: damaged,
};

/** Turns whatever an exchange threw into a {@link NetError}; one that is a NetError already stays as it is. */
export function toNetError(error: unknown, context: FailureContext): NetError {
  const chain = [...causes(error)];
  const netError = chain.find((link) => link instanceof NetError);
  if (netError !== undefined) return netError;
  const coded = mostTelling(chain);
  const code = codeOf(coded);
  const { sentence, ...description } = describe(code, coded, chain, context);
  return new NetError({
    ...description,
    message: sentence(context.host),
    host: context.host,
    ...(code === undefined ? {} : { code }),
  });
}

function describe(
  code: string | undefined,
  error: unknown,
  chain: readonly unknown[],
  context: FailureContext,
): Description {
  const { viaProxy, ownCa, ended } = context;
  if (ended === 'timeout') return timeout;
  if (ended === 'aborted') return aborted;
  if (code === undefined) return withoutCode(chain, viaProxy);
  // OpenSSL's texts are constants; they are matched and not shown.
  const text = error instanceof Error ? error.message : '';
  const found = meaningOf(code, error, text, ownCa);
  if (error instanceof ProxySocketError) return failureAtProxy(found);
  const described = found ?? (viaProxy ? tunnelFailure(code, text) : undefined);
  if (described === undefined) return code.startsWith('HPE_') ? notHttp : other;
  return viaProxy ? failureBehindProxy(described) : described;
}

function meaningOf(code: string, error: unknown, text: string, ownCa: boolean): Description | undefined {
  // https://github.com/nodejs/node/blob/main/lib/internal/tls/wrap.js
  if (code === 'ECONNRESET' && text.includes('before secure TLS connection')) return cutInHandshake;
  if (error instanceof UnfinishedConnectionError && ownMember(byCode, code) === reset) return cutInHandshake;
  // The kernel's word, while the connection was made: https://man7.org/linux/man-pages/man2/connect.2.html
  if (code === 'ETIMEDOUT' && /^connect\b/.test(text)) return connectTimeout;
  return trustFailure(code, text, ownCa) ?? ownMember(byCode, code);
}

function withoutCode(chain: readonly unknown[], viaProxy: boolean): Description {
  if (chain.some((link) => link instanceof ProxyLoginError)) return proxyWantsLogin;
  const is = (fits: (error: Error) => boolean): boolean =>
    chain.some((link) => link instanceof Error && fits(link));
  // https://github.com/nodejs/undici/blob/main/lib/web/fetch/index.js, mainFetch
  if (is(({ message }) => message === 'bad port')) return blockedPort;
  if (is(({ name }) => name === 'HTTPParserError')) return viaProxy ? notAProxy : notHttp;
  return other;
}

/** Of several addresses that were tried, one that could be reached says more than one that there is no route to. */
function mostTelling(chain: readonly unknown[]): unknown {
  const first = chain.find((link) => codeOf(link) !== undefined);
  if (!(first instanceof AggregateError)) return first;
  const tried: unknown[] = first.errors;
  const isRouted = (error: unknown): boolean => ownMember(byCode, codeOf(error) ?? '') !== noRoute;
  return tried.find((error) => codeOf(error) !== undefined && isRouted(error)) ?? first;
}

/** A failure of the socket to the proxy itself, not of what goes through it. The code is that of the cause. */
export class ProxySocketError extends Error {
  override readonly name = 'ProxySocketError';
  readonly code: string | undefined;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = codeOf(cause);
  }
}

/** A connection that broke while it was made: no request was written to it. The code is that of the cause. */
export class UnfinishedConnectionError extends Error {
  override readonly name = 'UnfinishedConnectionError';
  readonly code: string | undefined;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = codeOf(cause);
  }
}

/** An answer with status 407, which `fetch` reports as an error without any word of it. */
export class ProxyLoginError extends Error {
  override readonly name = 'ProxyLoginError';
}

/** The error and what it wraps, outermost first; several tried addresses come as an AggregateError. */
function* causes(error: unknown): Generator {
  for (let link = error, depth = 0; link instanceof Error && depth < 8; link = link.cause, depth += 1) {
    yield link;
    if (link instanceof AggregateError) yield* link.errors;
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
