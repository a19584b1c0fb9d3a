/**
 * What stopped an exchange:
 * - `HostNotAllowed`: the URL is not one the policy lets us call (host, scheme, or a user name in it);
 * - `AddressNotAllowed`: the host's address is private, loopback, link-local or otherwise not public;
 * - `Dns`, `Refused`, `Reset`, `Timeout`, `Aborted`: the network, the deadline, or the caller;
 * - `TlsUntrusted`: the certificate did not pass (unknown authority, other name, expired, too weak);
 * - `ClientCertificate`: the server demands one; `TlsOther`: no TLS at all;
 * - `TooLarge`, `NotJson`, `RedirectRefused`: an answer came, but not one we accept;
 * - `HostBusy`, `HostPaused`: the host hangs, so it was not asked; see `guarded-clients.ts`;
 * - `Proxy`: the proxy could not be reached or did not let us through;
 * - `Other`: anything else, such as an answer that is not HTTP.
 */
export type NetErrorKind =
  | 'HostNotAllowed'
  | 'AddressNotAllowed'
  | 'Dns'
  | 'Refused'
  | 'TlsUntrusted'
  | 'ClientCertificate'
  | 'TlsOther'
  | 'Timeout'
  | 'Aborted'
  | 'Reset'
  | 'TooLarge'
  | 'NotJson'
  | 'RedirectRefused'
  | 'HostBusy'
  | 'HostPaused'
  | 'Proxy'
  | 'Other';

/** The parts of a {@link NetError}. */
export interface NetErrorDetails {
  kind: NetErrorKind;
  /** One sentence, the same on every try. */
  message: string;
  /** What to do about it, one sentence. */
  hint: string;
  /** The host that was asked, without port. */
  host: string;
  /** See {@link NetError.requestSent}. */
  requestSent: boolean;
  /** A low-level code such as `ECONNREFUSED`, kept as the cause. */
  code?: string;
  /** See {@link NetError.needsPerson}. */
  needsPerson?: boolean;
  /** With `HostPaused`: when requests to the host resume, epoch milliseconds. */
  retryAtMs?: number;
}

/**
 * An exchange that gave no usable answer.
 *
 * The message and the hint are written here: they hold the host's name and nothing else from outside, so they may be
 * shown to people and do not change from try to try. The cause holds a code only, because the original errors can carry
 * what was sent or received (undici's parser error holds the bytes it choked on, and an invalid header is quoted).
 */
export class NetError extends Error {
  override readonly name = 'NetError';
  readonly kind: NetErrorKind;
  readonly host: string;
  readonly hint: string;
  /**
   * False only if the server certainly did not get the request. After true, it is open whether a write happened.
   */
  readonly requestSent: boolean;
  /** Whether it lasts until a user changes something, such as a certificate or what is trusted. */
  readonly needsPerson: boolean;
  readonly retryAtMs: number | undefined;

  constructor(details: NetErrorDetails) {
    super(details.message, details.code === undefined ? undefined : { cause: new Error(details.code) });
    this.kind = details.kind;
    this.host = details.host;
    this.hint = details.hint;
    this.requestSent = details.requestSent;
    this.needsPerson = details.needsPerson ?? false;
    this.retryAtMs = details.retryAtMs;
  }
}
