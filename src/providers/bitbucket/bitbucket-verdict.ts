import { z } from 'zod';
import { type Answer, type AnswerContext, shortList } from '../answer.ts';
import { type Credential, ProviderError } from '../provider.ts';
import { createAnother, notReachable, refused } from '../provider-errors.ts';
import { isFromApi } from '../signatures.ts';

type Token = Extract<Credential, { kind: 'token' }>;

/** How users create an API token, and what user name goes with it. */
export const apiTokensPage = 'https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/';

/** How tokens of repositories, projects and workspaces are created. */
export const accessTokensPage = 'https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/';

/** Where HTTP access tokens of a Data Center are created, on the server with that web address. */
export function serverTokensPage(base: string): string {
  return `${base}/plugins/servlet/access-tokens/manage`;
}

/** The Git user name of tokens that belong to no account: it marks the token as one for Bearer. */
export const accessTokenUser = 'x-token-auth';

/**
 * Cloud, a failure. `detail` is a text or, for missing scopes, an object; the texts are for matching only and go nowhere.
 * https://github.com/atlassian-api/atlassian-python-api/issues/1260
 */
const cloudFailureSchema = z.object({
  error: z.object({
    message: z.string().catch(''),
    detail: z.object({ granted: shortList, required: shortList }).optional().catch(undefined),
  }),
});

/** Data Center, a failure. The class name of the exception is stable, the message is not. */
const serverFailureSchema = z.object({
  errors: z.array(z.object({ exceptionName: z.string().nullish() })),
});

/** The scopes in a 403 of Bitbucket Cloud. There are some only if the credential itself was accepted. */
export function scopesInFailure(answer: Answer): { granted: string[]; required: string[] } | undefined {
  return answer.status === 403 ? cloudFailureSchema.safeParse(answer.body).data?.error.detail : undefined;
}

/**
 * Whether a 403 of Bitbucket Cloud shows that the credential is valid: it is known, and only the question refused. Tokens of
 * repositories, projects and workspaces have no user, so `GET /2.0/user` says
 * `This API is not accessible by this authentication mechanism` to them.
 */
export function acceptsToken(answer: Answer): boolean {
  return (
    answer.status === 403 &&
    (scopesInFailure(answer) !== undefined ||
      answer.header('x-credential-type') !== undefined ||
      // GitHub has a header of this name, too.
      (answer.header('x-oauth-scopes') !== undefined && isFromApi('Bitbucket', answer)) ||
      /not accessible by this authentication mechanism/i.test(messageOf(answer)))
  );
}

function messageOf(answer: Answer): string {
  return cloudFailureSchema.safeParse(answer.body).data?.error.message ?? '';
}

/** What a refusal of Bitbucket Cloud means. */
export function cloudVerdict(
  answer: Answer,
  context: AnswerContext,
  credential: Token,
): ProviderError | undefined {
  if (answer.status === 401) return cloudUnauthorized(context, credential);
  const message = messageOf(answer);
  if (answer.status === 403) {
    const policy = cloudPolicies.find(({ pattern }) => pattern.test(message));
    if (policy !== undefined) return policy.error(context);
  }
  if (context.subject.kind === 'repository' && [403, 404].includes(answer.status)) {
    return notReachable(
      context.subject.repository,
      'Give the token the scope to read repositories, and its owner access, or correct workspace/name.',
      { isExplained: scopesInFailure(answer) !== undefined },
    );
  }
  if (answer.status === 403) {
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: (token) => `${context.host} refuses the ${token}.`,
      hint: `It may have no Bitbucket scopes; create one for Bitbucket: ${apiTokensPage}`,
      isExplained: /no Bitbucket scopes/i.test(message),
    });
  }
  return undefined;
}

/**
 * What a workspace demands of everyone who reads its private content.
 * https://support.atlassian.com/bitbucket-cloud/docs/control-access-to-your-private-content/ and
 * https://support.atlassian.com/bitbucket-cloud/docs/require-two-step-verification/
 */
const cloudPolicies: { pattern: RegExp; error: (context: AnswerContext) => ProviderError }[] = [
  {
    pattern: /allow-?\s?list|white-?\s?list|\bIP address/i,
    error: ({ host }) =>
      new ProviderError({
        reason: 'AddressNotAllowed',
        sentence: `The workspace on ${host} allows access from a list of IP addresses only, without the address of this cluster.`,
        hint: "Add the cluster's outgoing address to the list (workspace settings, Access controls).",
      }),
  },
  {
    pattern: /two[- ]?(step|factor)|\b(2SV|2FA)\b/i,
    error: ({ host }) =>
      new ProviderError({
        reason: 'Unauthorized',
        sentence: (token) =>
          `The workspace on ${host} demands two-step verification, which the account of the ${token} has not enabled.`,
        hint: 'Enable it for the account that owns the token, or use an access token of the repository, project or workspace.',
        isExplained: true,
      }),
  },
];

/**
 * Wrong, expired, without scopes, or sent in the wrong way: all the same 401. The prefixes are used for the advice only;
 * Atlassian calls them reliable:
 * https://community.atlassian.com/forums/Bitbucket-questions/Re-Re-Can-we-confirm-BitBucket-s-token-prefixes/qaq-p/3096469
 */
function cloudUnauthorized(context: AnswerContext, { token, username }: Token): ProviderError {
  if (token.startsWith('ATBB')) {
    return new ProviderError({
      reason: 'AppPasswordRetired',
      sentence: (token) => `The ${token} is an app password, which Bitbucket Cloud no longer accepts.`,
      hint: `Create an API token, and give the e-mail address of the account as username: ${apiTokensPage}`,
    });
  }
  if (token.startsWith('ATAT') && username?.includes('@') !== true) {
    return refused(
      context,
      `An API token needs the e-mail address of its Atlassian account as username: ${apiTokensPage}`,
      true,
    );
  }
  if (token.startsWith('ATCT') && username !== undefined) {
    return refused(context, `An access token has no username; leave it out: ${accessTokensPage}`, true);
  }
  if (username !== undefined && /^[^@]+$/.test(username) && username !== accessTokenUser) {
    return refused(
      context,
      `With a user name it can only be an app password, which Bitbucket Cloud no longer accepts; create an API token, and give the e-mail address of the account as username: ${apiTokensPage}`,
      true,
    );
  }
  return refused(
    context,
    `It is invalid, has expired, or has no Bitbucket scopes, and Bitbucket doesn't say which; ${createAnother(context)} and store it in that Secret.`,
  );
}

const authorisationException = 'com.atlassian.bitbucket.AuthorisationException';
const inactiveException = 'com.atlassian.bitbucket.auth.InactiveUserAuthenticationException';
const captchaException = 'com.atlassian.bitbucket.auth.CaptchaRequiredAuthenticationException';

/**
 * What a refusal of Bitbucket Data Center means. A 401 with a user name is a matter of permissions, not of the
 * token: the server knew who question.
 */
export function serverVerdict(answer: Answer, context: AnswerContext): ProviderError | undefined {
  const exceptions = serverFailureSchema.safeParse(answer.body).data?.errors ?? [];
  const threw = (name: string): boolean => exceptions.some(({ exceptionName }) => exceptionName === name);
  if (answer.status === 401 && threw(captchaException)) {
    return refused(
      context,
      'The account must solve a CAPTCHA first: its owner signs in once on the web page.',
      true,
    );
  }
  if (answer.status === 401 && threw(inactiveException)) {
    return refused(
      context,
      'Its account is deactivated; have an administrator activate it on the server.',
      true,
    );
  }
  const isSignedIn = userOf(answer) !== undefined || threw(authorisationException);
  if (answer.status === 401 && !isSignedIn) {
    return refused(
      context,
      `It is invalid, expired or revoked, and Bitbucket doesn't say which; ${createAnother(context)} and store it in that Secret.`,
    );
  }
  if (context.subject.kind === 'repository' && [401, 403, 404].includes(answer.status)) {
    return notReachable(
      context.subject.repository,
      'Give the token permission to read it, or correct it: KEY/name, ~user/name for a personal one.',
      { isExplained: answer.status !== 404 },
    );
  }
  // Others are not about the token: a license that is used up, a server that is read-only.
  if (isSignedIn && (answer.status === 401 || answer.status === 403)) {
    return refused(
      context,
      'The server knows its user but allows nothing; check the permissions of the token.',
      true,
    );
  }
  return undefined;
}

/** Who a Data Center took us for: the header is there, and not `anonymous`, only if the token was accepted. */
export function userOf(answer: Answer): string | undefined {
  const user = answer.header('x-ausername');
  return user === undefined || user === '' || user === 'anonymous' ? undefined : user;
}
