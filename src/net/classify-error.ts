import { own } from '../lib/own.ts';
import { NetError } from './net-error.ts';
import { byTrust, type Description, tlsOther } from './tls-failures.ts';

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
  hint: 'Check the spelling of the host and the DNS of the cluster.',
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

const proxyFailed = (sentence: Description['sentence'], hint: string): Description => ({
  kind: 'Proxy',
  sentence,
  hint,
  requestSent: false,
});

const proxyUnreachable = proxyFailed(
  (host) => `The proxy did not connect to ${host}.`,
  'Check the proxy settings, and that the proxy allows this host.',
);

const proxyUntrusted = proxyFailed(
  (host) => `The proxy for ${host} presents a certificate that is not trusted.`,
  'Check HTTPS_PROXY, and add the authority of the proxy to the certificates that the operator trusts (--ca-file).',
);

const proxyWantsLogin = proxyFailed(
  (host) => `A proxy on the way to ${host} demands a login.`,
  'Put the right user name and password into the URL in HTTPS_PROXY or HTTP_PROXY.',
);

const proxyForbids = proxyFailed(
  (host) => `The proxy refuses to connect to ${host}.`,
  'Allow the host in the proxy, or except it from the proxy with NO_PROXY.',
);

/**
 * Codes of Node, OpenSSL and undici. https://nodejs.org/api/errors.html, https://undici.nodejs.org/#/docs/api/Errors.
 * Those of certificates are in `tls-failures.ts`.
 */
const byCode: Record<string, Description> = {
  EPROTO: tlsOther,
  ENOTFOUND: dns,
  EAI_AGAIN: dns,
  EAI_FAIL: dns,
  EAI_NODATA: dns,
  ESERVFAIL: dns,
  ETIMEOUT: dns,
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
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
  UND_ERR_PRX_TLS: proxyUntrusted,
  UND_ERR_PRX_CONN: proxyUnreachable,
};

/** Turns whatever an exchange threw into a {@link NetError}; one that is a NetError already stays as it is. */
export function toNetError(error: unknown, context: FailureContext): NetError {
  const chain = [...causes(error)];
  const known = chain.find((link) => link instanceof NetError);
  if (known !== undefined) return known;
  const coded = chain.find((link) => codeOf(link) !== undefined);
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
  if (code === undefined)
    return chain.some((link) => link instanceof ProxyLoginError) ? proxyWantsLogin : other;
  // OpenSSL's texts are constants; they are matched and not shown.
  const text = error instanceof Error ? error.message : '';
  if (error instanceof ProxySocketError)
    return byTrust(code, text, false) ? proxyUntrusted : proxyUnreachable;
  // https://github.com/nodejs/node/blob/main/lib/internal/tls/wrap.js
  if (code === 'ECONNRESET' && text.includes('before secure TLS connection')) return cutInHandshake;
  const found =
    byTrust(code, text, ownCa) ?? own(byCode, code) ?? (viaProxy ? ofTunnel(code, text) : undefined);
  if (found === undefined) return code.startsWith('HPE_') ? notHttp : other;
  return viaProxy && (found === dns || found === unreachable) ? proxyUnreachable : found;
}

/**
 * What a proxy answered: to CONNECT something else than 200, which undici reports as an abort (nothing here uses undici's
 * own), or 407 to a request in plain http. https://github.com/nodejs/undici/blob/main/lib/dispatcher/proxy-agent.js
 */
function ofTunnel(code: string, text: string): Description | undefined {
  if (code !== 'UND_ERR_ABORTED' && code !== 'UND_ERR_INVALID_ARG') return undefined;
  const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(text);
  switch (status?.[1] ?? status?.[2]) {
    case undefined:
      return code === 'UND_ERR_ABORTED' ? proxyUnreachable : undefined;
    case '407':
      return proxyWantsLogin;
    case '401':
    case '403':
      return proxyForbids;
    default:
      return proxyUnreachable;
  }
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
