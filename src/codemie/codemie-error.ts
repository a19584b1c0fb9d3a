/**
 * What went wrong with CodeMie:
 * - `unreachable`: no answer, or a failure of the server; nothing was written. It is retried;
 * - `rateLimited`: something before CodeMie asks to wait; nothing was written;
 * - `unauthorized`: the login was not accepted;
 * - `accessDenied`: the login was accepted but lacks the rights to do this;
 * - `rejected`: CodeMie refused the content; the same content will be refused again;
 * - `uncertain`: a write whose outcome is unknown. Only a listing that began after it can show which;
 * - `protocol`: what answered does not speak CodeMie's API.
 */
export type CodeMieErrorKind =
  | 'unreachable'
  | 'rateLimited'
  | 'unauthorized'
  | 'accessDenied'
  | 'rejected'
  | 'uncertain'
  | 'protocol';

/**
 * What CodeMie says about a token that it rejects:
 * - `unsaid`: nothing specific; it answers the same while its database is down;
 * - `onTheWay`: it is not CodeMie that answers, but a gateway, proxy or firewall before it;
 * - `noToken`: it finds none in the request;
 * - `notValid`: it verifies tokens itself (`JWKS_VALIDATION_ENABLED`), and issuer, audience or claims are not as configured;
 * - `expired`;
 * - `otherIssuer`: it takes only tokens that it issued.
 */
export type TokenRefusal = 'unsaid' | 'onTheWay' | 'noToken' | 'notValid' | 'expired' | 'otherIssuer';

/** The parts of a {@link CodeMieError}. */
export interface CodeMieErrorDetails {
  kind: CodeMieErrorKind;
  /** One sentence, the same on every try. */
  message: string;
  /** What to do about it, one sentence. */
  hint: string;
  /** Epoch milliseconds before which there is no point in trying again. */
  retryAtMs?: number;
  /** See {@link CodeMieError.duplicateAlias}. */
  duplicateAlias?: boolean;
  /** See {@link CodeMieError.tokenRefusal}. */
  tokenRefusal?: TokenRefusal;
  cause?: unknown;
}

/**
 * A request to CodeMie or to its identity provider that did not succeed. The message and the hint are written here and
 * hold nothing of an answer: CodeMie echoes the secrets it was sent in the details of its errors.
 */
export class CodeMieError extends Error {
  override readonly name = 'CodeMieError';
  readonly kind: CodeMieErrorKind;
  readonly hint: string;
  readonly retryAtMs: number | undefined;
  /** With `uncertain`: CodeMie said that the alias is taken, be it by a row the listing does not show. */
  readonly duplicateAlias: boolean;
  /** CodeMie itself rejected a token that it was sent, as opposed to the sign-in before; with what it said about it. */
  readonly tokenRefusal: TokenRefusal | undefined;

  constructor(details: CodeMieErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.hint = details.hint;
    this.retryAtMs = details.retryAtMs;
    this.duplicateAlias = details.duplicateAlias ?? false;
    this.tokenRefusal = details.tokenRefusal;
  }
}
