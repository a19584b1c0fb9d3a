import { productNames } from '../api/group.ts';
import { durations } from '../lib/durations.ts';
import { parseHttpDate } from '../lib/time.ts';
import { NetError, type NetErrorKind } from '../net/net-error.ts';
import type { Answer, Asked } from './answer.ts';
import { type CredentialReason, ProviderError, type ProviderName, type Target } from './provider.ts';
import { isOf, signedBy } from './signatures.ts';
import { cloudOf } from './urls.ts';

/** The reason for each way an exchange can fail before there is an answer. The one place where this is decided. */
const reasonOfNetError: Record<NetErrorKind, CredentialReason> = {
  HostNotAllowed: 'HostNotAllowed',
  // Ours, not the provider's: the policy refuses the private address that the host has.
  AddressNotAllowed: 'HostNotAllowed',
  TlsUntrusted: 'TLSUntrusted',
  ClientCertificate: 'ClientCertificateRequired',
  Dns: 'ProviderUnreachable',
  Refused: 'ProviderUnreachable',
  TlsOther: 'ProviderUnreachable',
  Timeout: 'ProviderUnreachable',
  Aborted: 'ProviderUnreachable',
  Reset: 'ProviderUnreachable',
  Proxy: 'ProviderUnreachable',
  HostBusy: 'ProviderUnreachable',
  HostPaused: 'ProviderUnreachable',
  TooLarge: 'ProviderError',
  NotJson: 'ProviderError',
  RedirectRefused: 'ProviderError',
  Other: 'ProviderError',
};

/**
 * What to throw for a failed call: the signal's own reason if the work was ended, a {@link ProviderError} for a
 * {@link NetError} (also one that a library has wrapped), anything else as it is.
 */
export function transportFailure(error: unknown, target: Pick<Target, 'signal'>): unknown {
  if (target.signal.aborted) return target.signal.reason;
  const netError = findNetError(error);
  if (netError === undefined) return error;
  return new ProviderError({
    reason: reasonOfNetError[netError.kind],
    sentence: netError.message,
    hint: netError.hint,
    cause: netError,
    isLasting: netError.needsPerson,
    isStrange: netError.kind === 'NotJson' || netError.kind === 'RedirectRefused',
    ...(netError.retryAtMs !== undefined && { retryAtMs: netError.retryAtMs }),
  });
}

function findNetError(error: unknown): NetError | undefined {
  if (error instanceof NetError) return error;
  return error instanceof Error ? findNetError(error.cause) : undefined;
}

/** Refuses a web address that is another provider's cloud, without a call. */
export function checkHost(provider: ProviderName, webUrl: URL): void {
  const cloud = cloudOf(webUrl);
  if (cloud !== undefined && cloud !== provider) throw wrongProvider(provider, cloud, webUrl.host);
}

/** For a server that is another product. */
export function wrongProvider(declared: ProviderName, found: ProviderName, host: string): ProviderError {
  return new ProviderError({
    reason: 'WrongProvider',
    sentence: `${host} is ${productNames[found]}, but spec.provider is ${declared}.`,
    hint: `Correct spec.url, or create a new GitIntegration with provider: ${found}.`,
  });
}

/**
 * What an answer other than a success means: the one place that decides whether the API itself has spoken, for every
 * provider, call and status. A gateway, proxy or sign-in page in front of it says nothing about the credential.
 *
 * @param verdict what it means if it comes from the API; undefined if the API's reason is not known here
 */
export function judge(
  provider: ProviderName,
  answer: Answer,
  asked: Asked,
  verdict: () => ProviderError | undefined,
): ProviderError {
  const signer = signedBy(answer);
  if (signer !== undefined && signer !== provider) return wrongProvider(provider, signer, asked.host);
  // Whoever asks for fewer calls is heeded.
  if (answer.status === 429) return rateLimited(provider, answer, asked);
  if (!isOf(provider, answer)) return stranger(provider, answer, asked);
  return (
    verdict() ?? (answer.status >= 500 ? serverError(provider, asked) : unexplained(provider, answer, asked))
  );
}

/** For a success that this provider's API would not give: another product's, or something that isn't an API. */
export function notTheApi(provider: ProviderName, answer: Answer, asked: Asked): ProviderError {
  const found = signedBy(answer);
  if (found !== undefined && found !== provider) return wrongProvider(provider, found, asked.host);
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${asked.host} does not answer as the API of ${productNames[provider]} does.`,
    hint: 'Check url and apiURL, and whether a sign-in page or a proxy stands before the API.',
    isStrange: true,
  });
}

function serverError(provider: ProviderName, asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${asked.host} answered with a server error.`,
    hint: `The operator retries; if this persists, check the status page of ${productNames[provider]} or the server.`,
  });
}

/** A refusal of the API itself whose reason is not known here: it is not called somebody else's, and no verdict. */
function unexplained(provider: ProviderName, { status }: Answer, asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${productNames[provider]} at ${asked.host} refused the request with status ${status}, for a reason that is not known here.`,
    hint: 'The operator retries; if this persists, check url and the status page of the server.',
  });
}

/** An answer without any sign of the API. It may be a gateway's, or the server's own with its headers taken away. */
function stranger(provider: ProviderName, answer: Answer, asked: Asked): ProviderError {
  const { status } = answer;
  // https://www.rfc-editor.org/rfc/rfc6585#section-6
  if (status === 511) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `A gateway on the way to ${asked.host} demands a login (status 511).`,
      hint: 'Let the requests of the operator pass there; the credential itself was not checked.',
    });
  }
  if (status === 401 || status === 403) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `The request to ${asked.host} was refused with status ${status}, in an answer that does not look like one of ${productNames[provider]}.`,
      hint: 'Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.',
    });
  }
  return status >= 500 ? serverError(provider, asked) : notTheApi(provider, answer, asked);
}

const defaultWaitMs = durations.providers.defaultWaitMs;
/** No header can silence the operator for longer: a budget of calls is renewed within an hour everywhere. */
const longestWaitMs = durations.providers.longestWaitMs;

/** Too many calls. Waits as `Retry-After` or the reset time says, else one minute; at most one hour. */
export function rateLimited(provider: ProviderName, answer: Answer, asked: Asked): ProviderError {
  const waitMs = Math.max(1_000, Math.min(waitOf(answer, asked.nowMs), longestWaitMs));
  return new ProviderError({
    reason: 'RateLimited',
    sentence: `${asked.host} asks for fewer calls with this credential.`,
    hint: `The operator retries when ${productNames[provider]} allows; if this recurs, share the credential with fewer programs.`,
    retryAtMs: asked.nowMs + waitMs,
  });
}

function waitOf(answer: Answer, nowMs: number): number {
  // The reset is a moment of the server's clock, so it is compared with the server's date where there is one.
  const serverNowMs = parseHttpDate(answer.header('date')) ?? nowMs;
  const retryAfter = answer.header('retry-after');
  if (retryAfter !== undefined) {
    if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const at = parseHttpDate(retryAfter);
    if (at !== undefined) return at - serverNowMs;
  }
  // The reset is about the primary limit. With calls left, it was a secondary one, which asks for a minute:
  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
  const remaining = answer.header('x-ratelimit-remaining') ?? answer.header('ratelimit-remaining') ?? '0';
  const reset = answer.header('x-ratelimit-reset') ?? answer.header('ratelimit-reset') ?? '';
  return remaining === '0' && /^\d+$/.test(reset) ? Number(reset) * 1000 - serverNowMs : defaultWaitMs;
}

/**
 * A token that the provider refuses: it has expired, if its expiry was known and has passed.
 *
 * @param isExplained whether the provider, or the token itself, says why
 */
export function refused(asked: Asked, hint: string, isExplained = false): ProviderError {
  if (asked.knownExpiresAt !== undefined && Date.parse(asked.knownExpiresAt) <= asked.nowMs) {
    return expired(asked);
  }
  return new ProviderError({
    reason: 'Unauthorized',
    sentence: (token) => `${asked.host} rejected the ${token}.`,
    hint,
    isExplained,
  });
}

/** A token that has expired. */
export function expired(asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'Expired',
    sentence: (token) => `The ${token} has expired at ${asked.host}.`,
    hint: 'Create a new token and store it in that Secret.',
  });
}

/**
 * A repository of the spec that the credential can't read.
 *
 * @param options `reader`: what reads it, where that is not the credential itself, such as `installation`; `isExplained`:
 *   whether the provider says that the credential is the reason
 */
export function notReachable(
  repository: string,
  hint: string,
  { reader, isExplained = false }: { reader?: string; isExplained?: boolean } = {},
): ProviderError {
  return new ProviderError({
    reason: 'RepositoryNotAccessible',
    isExplained,
    sentence: (token) =>
      `The ${reader ?? token} cannot read the repository ${repository}, or it does not exist.`,
    hint,
  });
}

/** A GitHub App where the provider knows none. The API server refuses such a spec; an older CRD may not. */
export function noApps(provider: ProviderName): ProviderError {
  return new ProviderError({
    reason: 'WrongProvider',
    sentence: `${productNames[provider]} has no GitHub Apps.`,
    hint: 'Use auth.token instead of auth.githubApp.',
  });
}

/** A token that the provider says was revoked. */
export function revoked(asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'Revoked',
    sentence: (token) => `The ${token} was revoked at ${asked.host}.`,
    hint: 'Find out who revoked it, then create a new token and store it in that Secret.',
  });
}
