import { type Answer, type Question, withHeaders } from '../../git-hosts/exchange.ts';
import { badLogin, badToken, lacksScopes } from './errors.ts';
import type { CloudState, Token } from './state.ts';

/** What an endpoint wants in either vocabulary. */
export interface Need {
  /** Of API tokens: https://support.atlassian.com/bitbucket-cloud/docs/api-token-permissions/ */
  apiToken: string;
  /** Of access tokens and OAuth: https://developer.atlassian.com/cloud/bitbucket/bitbucket-cloud-rest-api-scopes/ */
  legacy: string;
}

/** Legacy scopes imply others (same page), scopes of API tokens imply nothing. */
const implied: Readonly<Record<string, readonly string[]>> = {
  'repository:write': ['repository'],
  'repository:admin': [],
  project: ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository:write', 'repository'],
  'account:write': ['account'],
};

/**
 * The token that asks; undefined for an anonymous request; else the refusal. API tokens come by Basic with the
 * account's email address, access tokens and OAuth by Bearer.
 * https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
 */
export function authenticate(
  state: CloudState,
  question: Question,
  nowMs: number,
): Token | Answer | undefined {
  const [, scheme, value] = /^(basic|bearer)\s+(\S+)\s*$/i.exec(question.header('authorization') ?? '') ?? [];
  if (scheme === undefined || value === undefined) {
    return undefined;
  }
  return scheme.toLowerCase() === 'basic' ? byBasic(state, value, nowMs) : byBearer(state, value, nowMs);
}

function byBasic(state: CloudState, value: string, nowMs: number): Token | Answer {
  const [user = '', secret = ''] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  const token = state.tokens.get(secret);
  if (token === undefined) {
    // Atlassian's tokens are known by their look, https://github.com/avivsinai/bitbucket-cli/issues/30; the rest is a
    // password.
    return secret.startsWith('ATATT') ? badToken() : badLogin();
  }
  const owner = state.users.get(token.username ?? '');
  if (token.kind !== 'api_token' || owner?.email !== user) {
    return badLogin();
  }
  return isGood(token, nowMs) ? token : badToken();
}

function byBearer(state: CloudState, value: string, nowMs: number): Token | Answer {
  const token = state.tokens.get(value);
  return token === undefined ||
    token.kind === 'api_token' ||
    token.kind === 'app_password' ||
    !isGood(token, nowMs)
    ? badToken()
    : token;
}

/**
 * A token without any scope of Bitbucket's is none for Bitbucket: https://github.com/avivsinai/bitbucket-cli/issues/30
 */
function isGood(token: Token, nowMs: number): boolean {
  const alive = !token.revoked && (token.expiresAtMs === undefined || token.expiresAtMs > nowMs);
  return alive && (token.kind !== 'api_token' || token.scopes.some((scope) => scope.endsWith(':bitbucket')));
}

/** The refusal if the token lacks the scope. */
export function refuseScope(token: Token, need: Need): Answer | undefined {
  const required = token.kind === 'api_token' ? need.apiToken : need.legacy;
  const granted = token.scopes.flatMap((scope) => [
    scope,
    ...(token.kind === 'api_token' ? [] : (implied[scope] ?? [])),
  ]);
  return granted.includes(required) ? undefined : lacksScopes(token.scopes, [required]);
}

/**
 * Bitbucket reports a token's kind and scopes on its answers, those that refuse it for its scopes included:
 * https://github.com/MitjaBezensek/SharpBucket/issues/108 has them on a 429.
 */
export function tell(token: Token, need: Need | undefined, answer: Answer): Answer {
  const accepted = need && (token.kind === 'api_token' ? need.apiToken : need.legacy);
  return withHeaders(answer, {
    'x-credential-type': token.kind,
    'x-oauth-scopes': token.scopes.join(', '),
    ...(accepted === undefined ? {} : { 'x-accepted-oauth-scopes': accepted }),
  });
}
