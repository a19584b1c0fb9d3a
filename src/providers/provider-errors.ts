import { productNames } from '../api/group.ts';
import { durations } from '../lib/durations.ts';
import { type Answer, type AnswerContext, waitMsOf } from './answer.ts';
import { type Credential, ProviderError, type ProviderName, type Target } from './provider.ts';
import { senderOf } from './signatures.ts';
import { cloudOf } from './urls.ts';

/*
 * What goes wrong with every product alike. What only one product says is in its own verdict.
 */

/**
 * The token of a credential. Refuses, without a call, a web address that is another provider's cloud, and a GitHub App
 * where the provider knows none: the API server refuses such a spec, an older CRD might not.
 */
export function requireToken(
  provider: ProviderName,
  credential: Credential,
  { webUrl }: Pick<Target, 'webUrl'>,
): Extract<Credential, { kind: 'token' }> {
  checkHost(provider, webUrl);
  if (credential.kind === 'token') return credential;
  throw new ProviderError({
    reason: 'WrongProvider',
    sentence: `${productNames[provider]} has no GitHub Apps.`,
    hint: 'Use auth.token instead of auth.githubApp.',
  });
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

/** For a success that this provider's API would not give: another product's, or something that isn't an API. */
export function notTheApi(provider: ProviderName, answer: Answer, context: AnswerContext): ProviderError {
  const found = senderOf(answer);
  if (found !== undefined && found !== provider) return wrongProvider(provider, found, context.host);
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${context.host} does not answer as the API of ${productNames[provider]} does.`,
    hint: 'Check url and apiURL, and whether a sign-in page or a proxy stands before the API.',
    isStrange: true,
  });
}

/** The API answers with a 5xx. */
export function serverError(provider: ProviderName, context: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${context.host} answered with a server error.`,
    hint: `The operator retries; if this persists, check the status page of ${productNames[provider]} or the server.`,
  });
}

/** A refusal of the API itself whose reason is not known here: it is neither attributed to another product nor a verdict. */
export function unexplainedRefusal(
  provider: ProviderName,
  { status }: Answer,
  context: AnswerContext,
): ProviderError {
  return new ProviderError({
    reason: 'ProviderError',
    sentence: `${productNames[provider]} at ${context.host} refused the request with status ${status}, for a reason that is not known here.`,
    hint: 'The operator retries; if this persists, check url and the status page of the server.',
  });
}

/** An answer without any sign of the API. It may be a gateway's, or the server's own with its headers taken away. */
export function unknownServer(provider: ProviderName, answer: Answer, context: AnswerContext): ProviderError {
  const { status } = answer;
  // https://www.rfc-editor.org/rfc/rfc6585#section-6
  if (status === 511) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `A gateway on the way to ${context.host} demands a login (status 511).`,
      hint: 'Let the requests of the operator pass there; the credential itself was not checked.',
    });
  }
  if (status === 401 || status === 403) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `The request to ${context.host} was refused with status ${status}, in an answer that does not look like one of ${productNames[provider]}.`,
      hint: 'Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.',
    });
  }
  return status >= 500 ? serverError(provider, context) : notTheApi(provider, answer, context);
}

const defaultWaitMs = durations.providers.defaultWaitMs;
const leastWaitMs = durations.providers.leastRateLimitMs;
/** No header can silence the operator for longer: a budget of calls is renewed within an hour everywhere. */
const longestWaitMs = durations.providers.longestWaitMs;

/** Too many calls. Waits as `Retry-After` or the reset time says, else one minute; at most one hour. */
export function rateLimited(provider: ProviderName, answer: Answer, context: AnswerContext): ProviderError {
  const waitMs = Math.max(
    leastWaitMs,
    Math.min(waitMsOf(answer, context.nowMs) ?? defaultWaitMs, longestWaitMs),
  );
  return new ProviderError({
    reason: 'RateLimited',
    sentence: `${context.host} asks for fewer calls with this credential.`,
    hint: `The operator retries when ${productNames[provider]} allows; if this recurs, share the credential with fewer programs.`,
    retryAtMs: context.nowMs + waitMs,
  });
}

/**
 * A token that the provider refuses: it has expired, if its expiry was known and has passed.
 *
 * @param isExplained whether the provider, or the token itself, says why
 */
export function refused(context: AnswerContext, hint: string, isExplained = false): ProviderError {
  if (context.knownExpiresAt !== undefined && Date.parse(context.knownExpiresAt) <= context.nowMs) {
    return expired(context);
  }
  return new ProviderError({
    reason: 'Unauthorized',
    sentence: (token) => `${context.host} rejected the ${token}.`,
    hint,
    isExplained,
  });
}

/** What to do about a token that is of no use any more: a clause that says where. */
export function createAnother({ newTokenAt }: Pick<AnswerContext, 'newTokenAt'>): string {
  return newTokenAt === undefined ? 'create a new token' : `create a new token ${newTokenAt}`;
}

const sentenceOf = (clause: string): string => clause.charAt(0).toUpperCase() + clause.slice(1);

/** A token that has expired. */
export function expired(context: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'Expired',
    sentence: (token) => `The ${token} has expired at ${context.host}.`,
    hint: `${sentenceOf(createAnother(context))} and store it in that Secret.`,
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

/** A token that the provider says was revoked. */
export function revoked(context: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'Revoked',
    sentence: (token) => `The ${token} was revoked at ${context.host}.`,
    hint: `Find out who revoked it, then ${createAnother(context)} and store it in that Secret.`,
  });
}
