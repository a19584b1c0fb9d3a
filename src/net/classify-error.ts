import { NetError, type NetErrorKind } from './net-error.ts';

/** What is known about an exchange when it fails. */
export interface FailureContext {
  host: string;
  /** Whether the request goes through a proxy: then connection errors are about the proxy. */
  viaProxy: boolean;
  /** What ended the exchange from our side, if anything did. */
  ended: 'timeout' | 'aborted' | undefined;
}

type Description = [
  kind: NetErrorKind,
  sentence: (host: string) => string,
  hint: string,
  requestSent: boolean,
];

const untrusted: Description = [
  'TlsUntrusted',
  (host) => `The certificate of ${host} is not signed by an authority that is trusted here.`,
  'Add the certificate of its authority to the trusted ones (tls.caRef).',
  false,
];

const expired: Description = [
  'TlsUntrusted',
  (host) => `The certificate of ${host} is not valid at this time.`,
  'It has expired or is not valid yet: renew it, or correct the clock.',
  false,
];

const wrongName: Description = [
  'TlsUntrusted',
  (host) => `The certificate of ${host} is for another name.`,
  'Use the name that the certificate has, or issue one for this name.',
  false,
];

const noTls: Description = [
  'TlsOther',
  (host) => `No TLS connection to ${host} could be agreed on.`,
  'Check that the URL and its port lead to a server that speaks https with TLS 1.2 or later.',
  false,
];

const dns: Description = [
  'Dns',
  (host) => `The name ${host} could not be resolved.`,
  'Check the spelling of the host and the DNS of the cluster.',
  false,
];

const unreachable: Description = [
  'Refused',
  (host) => `No connection to ${host} could be made.`,
  'Check that the server is running and that the network lets this cluster reach it.',
  false,
];

const connectTimeout: Description = [
  'Timeout',
  (host) => `No connection to ${host} was made in time.`,
  'Check that a firewall or network policy does not drop the packets.',
  false,
];

const timeout: Description = [
  'Timeout',
  (host) => `${host} did not answer in time.`,
  'It will be tried again; check the load of the server if it stays so.',
  true,
];

const aborted: Description = [
  'Aborted',
  (host) => `The request to ${host} was given up.`,
  'It will be tried again.',
  true,
];

const reset: Description = [
  'Reset',
  (host) => `${host} closed the connection before its answer was complete.`,
  'It will be tried again; check the server and what stands before it if it stays so.',
  true,
];

const closed: Description = [
  'Aborted',
  (host) => `The request to ${host} came while its connections were being closed.`,
  'It will be tried again.',
  true,
];

const tooLarge: Description = [
  'TooLarge',
  (host) => `The answer of ${host} is larger than accepted.`,
  'Check that the URL leads to the API.',
  true,
];

const proxyFailed: Description = [
  'Proxy',
  (host) => `The proxy did not connect to ${host}.`,
  'Check the proxy settings, and that the proxy allows this host.',
  false,
];

const other: Description = [
  'Other',
  (host) => `The exchange with ${host} failed.`,
  'Check that the URL leads to a web server.',
  true,
];

/**
 * Codes of Node, OpenSSL and undici. https://nodejs.org/api/tls.html#x509-certificate-error-codes,
 * https://nodejs.org/api/errors.html, https://undici.nodejs.org/#/docs/api/Errors.
 */
const byCode: Record<string, Description> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_CHAIN_TOO_LONG: untrusted,
  CERT_REVOKED: untrusted,
  CERT_REJECTED: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  INVALID_CA: untrusted,
  INVALID_PURPOSE: untrusted,
  PATH_LENGTH_EXCEEDED: untrusted,
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: expired,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongName,
  HOSTNAME_MISMATCH: wrongName,
  EPROTO: noTls,
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
  UND_ERR_PRX_TLS: proxyFailed,
  UND_ERR_PRX_CONN: proxyFailed,
  // Nothing here uses undici's own abort; with a proxy it reports so an answer to CONNECT other than 200.
  UND_ERR_ABORTED: proxyFailed,
};

/** Turns whatever an exchange threw into a {@link NetError}; one that is a NetError already stays as it is. */
export function toNetError(error: unknown, context: FailureContext): NetError {
  const chain = [...causes(error)];
  const known = chain.find((link) => link instanceof NetError);
  if (known !== undefined) return known;
  const code = chain.map(codeOf).find((candidate) => candidate !== undefined);
  const [kind, sentence, hint, requestSent] = describe(code, context);
  return new NetError({
    kind,
    message: sentence(context.host),
    hint,
    host: context.host,
    requestSent,
    ...(code === undefined ? {} : { code }),
  });
}

function describe(code: string | undefined, { viaProxy, ended }: FailureContext): Description {
  if (ended === 'timeout') return timeout;
  if (ended === 'aborted') return aborted;
  if (code === undefined) return other;
  const found = byCode[code] ?? (code.startsWith('ERR_SSL_') ? noTls : other);
  return viaProxy && (found === dns || found === unreachable) ? proxyFailed : found;
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
