import type { Question } from '../git-hosts/exchange.ts';
import type { GitHubState, Token } from './state.ts';

/** Who asks. `bad` is every token GitHub does not take: wrong, expired and revoked look the same. */
export type Caller = { kind: 'anonymous' } | { kind: 'bad' } | { kind: 'token'; token: Token };

/**
 * Reads `Authorization`: `Bearer`, `token`, or Basic with the token as password (or as user name).
 * https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
 */
export function identify(state: GitHubState, question: Question, nowMs: number): Caller {
  const secret = secretOf(question);
  if (secret === undefined) {
    return { kind: 'anonymous' };
  }
  const token = state.tokens.get(secret);
  return token === undefined || token.revoked || isExpired(token, nowMs)
    ? { kind: 'bad' }
    : { kind: 'token', token };
}

/** What the caller presents as its secret: a token, or an App's JWT. */
export function secretOf(question: Question): string | undefined {
  const [, scheme, value] =
    /^(bearer|token|basic)\s+(\S+)\s*$/i.exec(question.header('authorization') ?? '') ?? [];
  if (scheme === undefined || value === undefined) {
    return question.header('authorization') === undefined ? undefined : '';
  }
  if (scheme.toLowerCase() !== 'basic') {
    return value;
  }
  const [user = '', password = ''] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  return password === '' || password === 'x-oauth-basic' ? user : password;
}

/**
 * What GitHub reports about a token in the headers of an answer. Classic and OAuth tokens list their scopes,
 * `x-oauth-scopes` being empty for none; a token of an App's user has it empty and names the client; a
 * fine-grained one has no such header but says what the endpoint wants.
 * Source: GitHub's responses recorded in PyGithub's test suite (`Authentication.testAppUserAuthentication`,
 * `CompletableGithubObjectWithPaginatedProperty.testPullCommitsFiles` and others).
 */
export function tokenHeaders(token: Token, acceptedPermissions: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (token.kind === 'classic' || token.kind === 'oauthApp' || token.kind === 'appUser') {
    headers['x-oauth-scopes'] = token.scopes.join(', ');
    headers['x-accepted-oauth-scopes'] = '';
  } else {
    headers['x-accepted-github-permissions'] = acceptedPermissions;
  }
  if (token.clientId !== undefined) {
    headers['x-oauth-client-id'] = token.clientId;
  }
  if (token.expiresAtMs !== undefined && token.kind !== 'installation') {
    headers['github-authentication-token-expiration'] = formatExpiry(token.expiresAtMs, token.expiryZone);
  }
  return headers;
}

/**
 * The three forms of the expiry header that occur in GitHub's responses recorded in PyGithub's test suite:
 * `2021-09-09 21:12:46 UTC`, `2023-04-14 15:56:10 +0200`, `2023-06-14 15:09:46 -0700`.
 */
function formatExpiry(epochMs: number, zone: string): string {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(zone) ?? [];
  const offsetMs =
    sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = new Date(epochMs + offsetMs).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone}`;
}

function isExpired(token: Token, nowMs: number): boolean {
  return token.expiresAtMs !== undefined && token.expiresAtMs <= nowMs;
}
