import { ownMember } from '../lib/names.ts';
import type { NetErrorKind } from './net-error.ts';

/** What a failure means. */
export interface Description {
  kind: NetErrorKind;
  sentence: (host: string) => string;
  hint: string;
  requestSent: boolean;
  /** See {@link NetError.needsPerson}. */
  needsPerson?: boolean;
  /** Whether the other side answered with something else than TLS. */
  isPlain?: boolean;
}

const howToTrust =
  'put its PEM certificate into a ConfigMap (kubectl create configmap git-ca --from-file=ca.crt) and name that under tls.caRef';

/** A certificate that is not accepted until a user changes something. */
function untrusted(sentence: Description['sentence'], hint: string): Description {
  return { kind: 'TlsUntrusted', sentence, hint, requestSent: false, needsPerson: true };
}

const selfSigned = untrusted(
  (host) => `${host} presents a self-signed certificate, which is not trusted here.`,
  `Give the server a certificate of an authority, or trust this one: ${howToTrust}.`,
);

const otherSelfSigned = untrusted(
  (host) => `${host} presents a self-signed certificate that is not in the bundle of tls.caRef.`,
  'Replace the certificate in the bundle by the one that the server presents now, or give the server one of that authority.',
);

const unknownAuthority = untrusted(
  (host) => `The certificate of ${host} is signed by an authority that is not trusted here.`,
  `If the authority is a private one, ${howToTrust}; if a public one signed it, something between the cluster and the server replaces it.`,
);

const otherAuthority = untrusted(
  (host) =>
    `The certificate of ${host} is signed by another authority than those in the bundle of tls.caRef.`,
  'Put the certificate of the authority that signed it into the bundle, in PEM.',
);

/** The chain leads to no trusted authority, and OpenSSL can't say whether a link or the authority is missing. */
const noChain = untrusted(
  (host) => `The certificate of ${host} leads to no authority that is trusted here.`,
  `If a private authority signed it, ${howToTrust}; if a public one did, have the server send its whole chain, with the intermediate certificates.`,
);

const noChainToBundle = untrusted(
  (host) => `The certificate of ${host} leads to no authority in the bundle of tls.caRef.`,
  'Have the server send its whole chain or add the intermediate certificate to the bundle; if the chain is complete, the bundle is of another authority.',
);

const invalidChain = untrusted(
  (host) => `The chain of certificates that ${host} presents is not valid.`,
  'Have the server send its own certificate first, then the one that signed it, and so on; check that each was issued for that use.',
);

const revoked = untrusted(
  (host) => `The certificate of ${host} is not accepted: it was revoked or rejected.`,
  'Issue a new certificate for the server.',
);

const weak = untrusted(
  (host) =>
    `The certificate of ${host}, or that of its authority, is too weak: it is signed with SHA-1 or MD5, or its key is too short.`,
  'Issue it again with SHA-256 and an RSA key of at least 2048 bits, or an elliptic curve key.',
);

const wrongPurpose = untrusted(
  (host) => `The certificate of ${host}, or of one that signed it, was not issued for this use.`,
  'The certificate of the server needs the extended key usage serverAuth, and each one that signs others must be an authority (CA:TRUE).',
);

const wrongName = untrusted(
  (host) => `The certificate of ${host} is for another name.`,
  'Use the name that the certificate has, or issue one for this name.',
);

const unnamed = untrusted(
  (host) => `The certificate of ${host} was refused by a rule that has no name here.`,
  'Check the certificate and its chain with: openssl s_client -connect HOST:PORT -verify_return_error.',
);

/** Certificates are renewed without anybody who reads this, and clocks are set. */
const expired: Description = {
  kind: 'TlsUntrusted',
  sentence: (host) => `The certificate of ${host}, or one that signed it, has expired.`,
  hint: 'Renew it on the server; the operator retries.',
  requestSent: false,
};

const notYetValid: Description = {
  kind: 'TlsUntrusted',
  sentence: (host) => `The certificate of ${host}, or one that signed it, is not valid yet.`,
  hint: "Check the clock of the operator's node and the start date of the certificate; the operator retries.",
  requestSent: false,
};

const clientCertificate: Description = {
  kind: 'ClientCertificate',
  sentence: (host) => `${host} demands a client certificate (mutual TLS), which this operator can't present.`,
  hint: 'Have the server, or the gateway before it, let the operator in without one, or give an address that needs none.',
  requestSent: false,
  needsPerson: true,
};

function noTls(sentence: Description['sentence'], hint: string): Description {
  return { kind: 'TlsOther', sentence, hint, requestSent: false };
}

/** No TLS, for a reason that has no name. */
export const unnamedTlsFailure = noTls(
  (host) => `No TLS connection to ${host} could be agreed on.`,
  'Check that the URL and its port lead to a server that speaks https with TLS 1.2 or later.',
);

const handshakeRefused = noTls(
  (host) => `${host} refused the TLS handshake.`,
  "It may demand a client certificate (mutual TLS), which this operator can't present, or offer no cipher of TLS 1.2 or 1.3 that is accepted here.",
);

const tooOld = noTls(
  (host) => `${host} speaks only TLS versions before 1.2.`,
  'Enable TLS 1.2 or 1.3 on the server.',
);

const plainHttp: Description = {
  ...noTls(
    (host) => `${host} does not answer with TLS on this port.`,
    'Check the port in the URL: it may be the one for plain http.',
  ),
  isPlain: true,
};

const noHttp1 = noTls(
  (host) => `${host} accepts no connection for HTTP/1.1.`,
  'Allow HTTP/1.1 next to HTTP/2 on the server or the gateway in front of it (ALPN http/1.1).',
);

const unknownName = noTls(
  (host) => `The server at the address of ${host} does not know this name.`,
  'Check the spelling of the host, and where its name leads in the DNS of the cluster.',
);

/**
 * By the codes of Node, https://nodejs.org/api/tls.html#x509-certificate-error-codes, and the alerts of OpenSSL. The
 * second description holds where certificates were given for this server.
 */
const byCode: Record<string, Description | [without: Description, withBundle: Description]> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: [selfSigned, otherSelfSigned],
  SELF_SIGNED_CERT_IN_CHAIN: [unknownAuthority, otherAuthority],
  UNABLE_TO_GET_ISSUER_CERT: [noChain, noChainToBundle],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [noChain, noChainToBundle],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [noChain, noChainToBundle],
  CERT_UNTRUSTED: [unknownAuthority, otherAuthority],
  CERT_CHAIN_TOO_LONG: invalidChain,
  CERT_SIGNATURE_FAILURE: invalidChain,
  PATH_LENGTH_EXCEEDED: invalidChain,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: invalidChain,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: invalidChain,
  ERROR_IN_CERT_NOT_BEFORE_FIELD: invalidChain,
  ERROR_IN_CERT_NOT_AFTER_FIELD: invalidChain,
  CERT_REVOKED: revoked,
  CERT_REJECTED: revoked,
  INVALID_CA: wrongPurpose,
  INVALID_PURPOSE: wrongPurpose,
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: notYetValid,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongName,
  HOSTNAME_MISMATCH: wrongName,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: clientCertificate,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': handshakeRefused,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: handshakeRefused,
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': handshakeRefused,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: handshakeRefused,
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: handshakeRefused,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': handshakeRefused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: handshakeRefused,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: handshakeRefused,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: handshakeRefused,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: noHttp1,
  ERR_SSL_UNSUPPORTED_PROTOCOL: tooOld,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: tooOld,
  ERR_SSL_WRONG_VERSION_NUMBER: plainHttp,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plainHttp,
  ERR_SSL_HTTP_REQUEST: plainHttp,
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: unknownName,
  ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME: unknownName,
};

/** Node has one code for all of OpenSSL's that it does not name. Their texts are constants of `x509_txt.c`. */
const unspecified: [text: RegExp, meaning: Description][] = [
  [/too weak/i, weak],
  [/(hostname|ip address) mismatch/i, wrongName],
  [/purpose|invalid ca|usage|basic constraints/i, wrongPurpose],
  [/subtree|name constraint|path length|policy|extension|issuer|signature/i, invalidChain],
];

/**
 * What a failure of TLS means, or undefined if the code is of another kind.
 *
 * @param text OpenSSL's own, for matching only
 * @param ownCa whether certificates were given for this server
 */
export function trustFailure(code: string, text: string, ownCa: boolean): Description | undefined {
  if (code === 'UNSPECIFIED') return unspecified.find(([pattern]) => pattern.test(text))?.[1] ?? unnamed;
  const found = ownMember(byCode, code);
  if (Array.isArray(found)) return found[ownCa ? 1 : 0];
  return found ?? (code.startsWith('ERR_SSL_') ? unnamedTlsFailure : undefined);
}
