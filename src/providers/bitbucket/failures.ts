import type { Answer, Asked } from '../answer.ts';
import { commonFailure, notReachable, rateLimited, refused } from '../failures.ts';
import { type Credential, ProviderError } from '../provider.ts';
import { accessTokenUser } from './client.ts';
import { accessTokensPage, apiTokensPage } from './pages.ts';
import { cloudFailureSchema, serverFailureSchema } from './schema.ts';

type Token = Extract<Credential, { kind: 'token' }>;

/** The scopes in a 403 of Bitbucket Cloud. There are some only if the credential itself was accepted. */
export function scopesInFailure(answer: Answer): { granted: string[]; required: string[] } | undefined {
  return answer.status === 403 ? cloudFailureSchema.safeParse(answer.body).data?.error.detail : undefined;
}

/** What a failed answer of Bitbucket Cloud means. */
export function cloudFailure(answer: Answer, asked: Asked, credential: Token): ProviderError {
  if (answer.status === 429) return rateLimited('Bitbucket', answer, asked);
  if (answer.status === 401) return cloudUnauthorized(asked, credential);
  if (asked.subject.kind === 'repository' && [403, 404].includes(answer.status)) {
    return notReachable(
      asked.subject.repository,
      'Give the token the scope to read repositories, and its owner access, or correct workspace/name.',
    );
  }
  // Without JSON it is not Bitbucket that refuses, but something before it.
  if (answer.status === 403 && answer.body !== undefined) {
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: `${asked.host} refuses the token.`,
      hint: `It may have no Bitbucket scopes; make one for Bitbucket: ${apiTokensPage}`,
    });
  }
  return commonFailure('Bitbucket', answer, asked);
}

/**
 * Wrong, expired, without scopes, or sent in the wrong way: all the same 401. The prefixes are used for the advice only;
 * Atlassian calls them reliable:
 * https://community.atlassian.com/forums/Bitbucket-questions/Re-Re-Can-we-confirm-BitBucket-s-token-prefixes/qaq-p/3096469
 */
function cloudUnauthorized(asked: Asked, { token, username }: Token): ProviderError {
  if (token.startsWith('ATBB')) {
    return new ProviderError({
      reason: 'AppPasswordRetired',
      sentence: 'The token is an app password, which Bitbucket Cloud no longer accepts.',
      hint: `Make an API token, and give the e-mail address of the account as username: ${apiTokensPage}`,
    });
  }
  if (token.startsWith('ATAT') && username?.includes('@') !== true) {
    return refused(
      asked,
      `An API token needs the e-mail address of its Atlassian account as username: ${apiTokensPage}`,
    );
  }
  if (token.startsWith('ATCT') && username !== undefined) {
    return refused(asked, `An access token has no username; leave it out: ${accessTokensPage}`);
  }
  if (username !== undefined && /^[^@]+$/.test(username) && username !== accessTokenUser) {
    return refused(
      asked,
      `With a user name it can only be an app password, which Bitbucket Cloud no longer accepts; make an API token, and give the e-mail address of the account as username: ${apiTokensPage}`,
    );
  }
  return refused(
    asked,
    `It is wrong, has expired, or has no Bitbucket scopes, and Bitbucket does not tell which; make a new one: ${apiTokensPage}`,
  );
}

const authorisationException = 'com.atlassian.bitbucket.AuthorisationException';
const captchaException = 'com.atlassian.bitbucket.auth.CaptchaRequiredAuthenticationException';

/**
 * What a failed answer of Bitbucket Data Center means. A 401 with a user name is a matter of permissions, not of the
 * token: the server knew who asked.
 */
export function serverFailure(answer: Answer, asked: Asked): ProviderError {
  if (answer.status === 429) return rateLimited('Bitbucket', answer, asked);
  const exceptions = serverFailureSchema.safeParse(answer.body).data?.errors ?? [];
  const threw = (name: string): boolean => exceptions.some(({ exceptionName }) => exceptionName === name);
  if (answer.status === 401 && threw(captchaException)) {
    return refused(asked, 'The account must solve a CAPTCHA first: its owner signs in once on the web page.');
  }
  const known = userOf(answer) !== undefined || threw(authorisationException);
  if (answer.status === 401 && !known) {
    return refused(asked, 'It is wrong, expired or revoked; make a new HTTP access token on the server.');
  }
  if (asked.subject.kind === 'repository' && [401, 403, 404].includes(answer.status)) {
    return notReachable(
      asked.subject.repository,
      'Give the token permission to read it, or correct it: KEY/name, ~user/name for a personal one.',
    );
  }
  if (answer.status === 401 || answer.status === 403) {
    return refused(
      asked,
      'The server knows its user but allows nothing; look at the permissions of the token.',
    );
  }
  return commonFailure('Bitbucket', answer, asked);
}

/** Who a Data Center took us for: the header is there, and not `anonymous`, only if the token was accepted. */
export function userOf(answer: Answer): string | undefined {
  const user = answer.header('x-ausername');
  return user === undefined || user === '' || user === 'anonymous' ? undefined : user;
}
