import { z } from 'zod';
import { durations } from '../lib/durations.ts';

/** The `code` of the error that a write fails with while another replica may lead. */
export const FENCED = 'FENCED';

/**
 * The API server answered with an error status. The message names the request, the code and the reason, and
 * nothing of the answer's text: that can quote the object which was sent.
 */
export class KubeStatusError extends Error {
  override readonly name = 'KubeStatusError';
  /** HTTP status, or the code of the Status object in a watch. */
  readonly code: number;
  /** Machine-readable reason such as `AlreadyExists`, or `''` when the server gave none. */
  readonly reason: string;
  /** How long the server asks to wait before the next try, at most {@link longestRetryAfterMs}. */
  readonly retryAfterMs?: number;
  /** Paths of the fields a 422 complains about, e.g. `status.conditions[0].reason`. Never their values. */
  readonly fields: string[];

  constructor(
    request: string,
    status: { code: number; reason: string; retryAfterMs?: number; fields?: string[] },
  ) {
    const fields = status.fields ?? [];
    const where = fields.length > 0 ? ` (${fields.join(', ')})` : '';
    super(`The API server refused to ${request}: ${`${status.code} ${status.reason}`.trim()}${where}.`);
    this.code = status.code;
    this.reason = status.reason;
    this.fields = fields;
    if (status.retryAfterMs !== undefined)
      this.retryAfterMs = Math.min(status.retryAfterMs, longestRetryAfterMs);
  }
}

/** The API server asks for seconds. Who asks for more is a proxy, and not to be obeyed for hours. */
const longestRetryAfterMs = durations.kube.longestRetryAfterMs;

/** Why no usable answer came from the API server. */
export type KubeTransportKind =
  | 'Dns'
  | 'Refused'
  | 'Reset'
  | 'Timeout'
  | 'TlsUntrusted'
  | 'Tls'
  | 'Protocol'
  | 'TooLarge'
  | 'Fenced'
  | 'Other';

/** No answer, or one that is not what the API promises. The message is stable from try to try. */
export class KubeTransportError extends Error {
  override readonly name = 'KubeTransportError';
  readonly kind: KubeTransportKind;

  constructor(request: string, kind: KubeTransportKind, options?: { cause?: unknown }) {
    super(`Could not ${request}: ${transportSentences[kind]}.`, options);
    this.kind = kind;
  }
}

/** The connection's settings or credentials can't be used. `hint` says what to change. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: { cause?: unknown }) {
    super(`${message} ${hint}`, options);
    this.hint = hint;
  }
}

const transportSentences: Record<KubeTransportKind, string> = {
  Dns: 'the name of the API server does not resolve',
  Refused: 'the API server refuses connections',
  Reset: 'the connection to the API server was lost',
  Timeout: 'the API server did not answer in time',
  TlsUntrusted: 'the certificate of the API server is not trusted',
  Tls: 'no TLS session with the API server could be made',
  Protocol: 'the answer is not what the Kubernetes API promises',
  TooLarge: 'the answer is larger than accepted',
  Fenced: 'this process must not write, because another replica may lead',
  Other: 'the request to the API server failed',
};

const kindsByCode = new Map<string, KubeTransportKind>([
  ['ENOTFOUND', 'Dns'],
  ['EAI_AGAIN', 'Dns'],
  ['ECONNREFUSED', 'Refused'],
  ['EHOSTUNREACH', 'Refused'],
  ['ENETUNREACH', 'Refused'],
  ['ECONNRESET', 'Reset'],
  ['EPIPE', 'Reset'],
  ['UND_ERR_SOCKET', 'Reset'],
  ['UND_ERR_CLOSED', 'Reset'],
  ['UND_ERR_DESTROYED', 'Reset'],
  ['ETIMEDOUT', 'Timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'Timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'Timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'Timeout'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'Reset'],
  ['CERT_HAS_EXPIRED', 'TlsUntrusted'],
  ['CERT_NOT_YET_VALID', 'TlsUntrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TlsUntrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TlsUntrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'TlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TlsUntrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TlsUntrusted'],
  [FENCED, 'Fenced'],
]);

/** Turns an error of undici or Node into a {@link KubeTransportError}; errors of this file pass unchanged. */
export function toTransportError(request: string, error: unknown): Error {
  if (
    error instanceof KubeStatusError ||
    error instanceof KubeTransportError ||
    error instanceof KubeConfigError
  ) {
    return error;
  }
  return new KubeTransportError(request, transportKind(error), { cause: error });
}

function transportKind(error: unknown): KubeTransportKind {
  if (!(error instanceof Error)) return 'Other';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const failureKind = kindsByCode.get(code);
  if (failureKind !== undefined) return failureKind;
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL')) return 'Tls';
  if (code.startsWith('HPE_')) return 'Protocol';
  // An AggregateError of several refused addresses, or undici's wrapper around a socket error.
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined ? 'Other' : transportKind(inner);
}

/** Zod schema of a `Status` object, as far as it is used. */
const statusSchema = z.object({
  kind: z.literal('Status'),
  code: z.number().optional(),
  reason: z.string().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ field: z.string().optional() })).optional(),
    })
    .optional(),
});

/**
 * Makes a {@link KubeStatusError} from an answer's body. A body that is no Status (a proxy's HTML page) adds
 * nothing. Reason and field paths are kept only if they look like such, so that no free text gets through.
 */
export function statusErrorFrom(
  request: string,
  code: number,
  body: unknown,
  retryAfterMs?: number,
): KubeStatusError {
  const status = statusSchema.safeParse(body).data;
  const retryAfterSeconds = status?.details?.retryAfterSeconds;
  const wait = retryAfterMs ?? (retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000);
  return new KubeStatusError(request, {
    code,
    reason: /^[A-Za-z]{1,64}$/.test(status?.reason ?? '') ? (status?.reason ?? '') : '',
    fields: (status?.details?.causes ?? [])
      .map((cause) => cause.field ?? '')
      .filter((field) => /^[A-Za-z][\w.[\]-]{0,120}$/.test(field))
      .slice(0, 5),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** The login has no right to do this. */
export const isForbidden = (error: unknown): boolean => hasCode(error, 403);
/** The object or path does not exist. */
export const isNotFound = (error: unknown): boolean => hasCode(error, 404);
/** The object changed since it was read, or is there already. */
export const isConflict = (error: unknown): boolean => hasCode(error, 409);
/** A create found an object of that name. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof KubeStatusError && error.code === 409 && error.reason === 'AlreadyExists';
/** The resource version or continue token is too old: list again. */
export const isGone = (error: unknown): boolean => hasCode(error, 410);
/** The object breaks a rule of its schema, or a JSON patch's `test` failed. */
export const isInvalid = (error: unknown): boolean => hasCode(error, 422);

/** The answer is longer than was asked for. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof KubeTransportError && error.kind === 'TooLarge';

function hasCode(error: unknown, code: number): boolean {
  return error instanceof KubeStatusError && error.code === code;
}

/** Trying again is of no use before a known time, e.g. the end of a rate limit. Does not count as a failure. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError';
  /** From now. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: { cause?: unknown }) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** When to try again: after that time, or with backoff. */
export type Failure = { kind: 'wait'; delayMs: number } | { kind: 'retry' };

/** Classifies a failure: what is not known to be of another kind is retried with backoff. */
export function failureOf(error: unknown): Failure {
  // A time that is none, such as that of an unreadable date, means nothing.
  if (error instanceof RetryAfterError && Number.isFinite(error.retryAfterMs))
    return { kind: 'wait', delayMs: error.retryAfterMs };
  // Here the API server sheds load and says for how long.
  if (error instanceof KubeStatusError && error.retryAfterMs !== undefined) {
    return { kind: 'wait', delayMs: error.retryAfterMs };
  }
  return { kind: 'retry' };
}
