import type { Answer, Question } from '../../git-hosts/exchange.ts';
import { badCredentials, captchaRequired } from './errors.ts';
import type { DataCenterState, Repository, Token } from './state.ts';

/** The caller: anonymous, a user, or a token bound to a project or repository. */
export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'signedIn'; name: string | undefined; token: Token | undefined };

/** A CAPTCHA comes after several failed logins; how many is a setting of the server. */
const loginsBeforeCaptcha = 5;

/**
 * HTTP access tokens come as Bearer; a user's own also as the password of Basic, a project's or repository's never.
 * https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
 */
export function authenticate(state: DataCenterState, question: Question, nowMs: number): Caller | Answer {
  const [, scheme, value] = /^(basic|bearer)\s+(\S+)\s*$/i.exec(question.header('authorization') ?? '') ?? [];
  if (scheme === undefined || value === undefined) {
    return { kind: 'anonymous' };
  }
  if (scheme.toLowerCase() === 'basic') {
    return byBasic(state, value, nowMs);
  }
  const token = goodToken(state, value, nowMs);
  return token === undefined ? badCredentials() : { kind: 'signedIn', name: token.actsAs, token };
}

function byBasic(state: DataCenterState, value: string, nowMs: number): Caller | Answer {
  const [name = '', secret = ''] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  const user = state.users.get(name);
  if (user === undefined) {
    return badCredentials();
  }
  if (user.failures >= loginsBeforeCaptcha) {
    return captchaRequired();
  }
  const token = goodToken(state, secret, nowMs);
  if (user.password === secret || (token?.kind === 'user' && token.actsAs === name)) {
    user.failures = 0;
    return { kind: 'signedIn', name, token };
  }
  user.failures += 1;
  return badCredentials();
}

function goodToken(state: DataCenterState, secret: string, nowMs: number): Token | undefined {
  const token = state.tokens.get(secret);
  const isGood = token !== undefined && !token.revoked && (token.expiresAtMs ?? Infinity) > nowMs;
  return isGood ? token : undefined;
}

export function mayRead(caller: Caller, repository: Repository): boolean {
  if (repository.isPublic || caller.kind === 'anonymous') {
    return repository.isPublic;
  }
  const { token, name } = caller;
  if (token !== undefined && token.kind !== 'user') {
    return [repository.project, `${repository.project}/${repository.slug}`].includes(token.resource ?? '');
  }
  return repository.readers.has(name ?? '');
}
