import { z } from 'zod';
import { durations } from '../../lib/durations.ts';
import type { Answer, AnswerContext } from '../answer.ts';
import { ProviderError } from '../provider.ts';
import { createAnother, notReachable, rateLimited, refused } from '../provider-errors.ts';

/** Where a user changes the scopes of classic tokens, on the server at that host. */
export function tokensPage(host: string): string {
  return `https://${host}/settings/tokens`;
}

const ssoPage =
  'https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on';
const keysPage =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps';

/**
 * What a refusal of a token means. A 403 has many causes, and the order matters: limits first, because they may
 * come with any text.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 *
 * @param token read for its prefix, for advice only
 */
export function tokenVerdict(
  answer: Answer,
  context: AnswerContext,
  token: string,
): ProviderError | undefined {
  if (isRateLimited(answer)) return rateLimited('GitHub', answer, context);
  // Whatever the text: `required; url=…`. The URL is a personal one and is not repeated.
  if (answer.header('x-github-sso')?.startsWith('required') === true) return ssoRequired(context);
  const message = messageOf(answer);
  if (answer.status === 401) return rejected(context, token);
  if (answer.status === 403) {
    const policy = refusals.find(({ pattern }) => pattern.test(message));
    if (policy !== undefined) return policy.error(context);
  }
  // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api and https://github.com/github/dmca
  if (context.subject.kind === 'repository' && (answer.status === 451 || /access blocked/i.test(message)))
    return blocked(context.subject.repository, context);
  if (context.subject.kind === 'repository' && [403, 404].includes(answer.status)) {
    const { repository, credentialKind } = context.subject;
    const isExplained = answer.status !== 404;
    return notReachable(repository, accessHint(repository, credentialKind), { isExplained });
  }
  if (/not accessible by integration/i.test(message)) {
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: (token) =>
        `The ${token} is an installation token of a GitHub App, which expires after an hour.`,
      hint: 'Configure the App itself under auth.githubApp instead of one of its tokens.',
      isExplained: true,
    });
  }
  return otherFailure(answer, context);
}

/** For every user: after a takedown notice, or for a breach of the terms. */
function blocked(repository: string, { host }: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'RepositoryNotAccessible',
    isExplained: true,
    sentence: `${host} has blocked the repository ${repository} for everyone.`,
    hint: 'Its page there says why; remove it from validation.repositories until its owner has settled that.',
  });
}

/** Who lets a token in depends on its kind. https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens */
function accessHint(repository: string, kind: string | undefined): string {
  const [owner = ''] = repository.split('/');
  if (kind === 'FineGrainedPersonalAccessToken')
    return `For a fine-grained token, ${owner} must be its resource owner, its repository access must include the repository, and an owner of ${owner} may have to approve it first (organization settings, Personal access tokens, Pending requests); else correct the name.`;
  if (kind === 'OAuthToken')
    return `Give the token's account access to it and the token the scope repo, have an owner of ${owner} approve the OAuth app if the organization restricts apps, or correct the name.`;
  if (kind === 'GitHubAppUserToken')
    return "Add it to the repositories of the App's installation and give the token's account access to it, or correct the name.";
  return "Give the token's account access to it and the token the scope repo, or correct the name.";
}

/** Prefixes: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/github-credential-types */
function rejected(context: AnswerContext, token: string): ProviderError {
  if (token.startsWith('ghr_')) {
    return refused(
      context,
      "Its prefix (ghr_) marks it as a refresh token, which can't authenticate on its own; store a personal access token, or use a GitHub App.",
      true,
    );
  }
  if (token.startsWith('ghs_')) {
    return refused(
      context,
      'Its prefix (ghs_) marks it as an App installation token, which expires after one hour; configure the App itself under auth.githubApp.',
      true,
    );
  }
  return refused(
    context,
    `It is invalid, expired or revoked, and GitHub doesn't say which; ${createAnother(context)} and store it in that Secret.`,
  );
}

function otherFailure(answer: Answer, context: AnswerContext): ProviderError | undefined {
  // https://docs.github.com/en/rest/about-the-rest-api/api-versions
  if (answer.status === 400 && /not a supported version/i.test(messageOf(answer))) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${context.host} does not know the version of the API that is asked for.`,
      hint: 'Update the server: GitHub Enterprise Server knows 2022-11-28 since 3.9.',
    });
  }
  return undefined;
}

/**
 * After several bad credentials GitHub refuses good ones too. How long is not documented; each further try may prolong it.
 * https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
 */
const lockedOutMs = durations.providers.gitHubLockedOutMs;

function lockedOut({ host, nowMs }: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'RateLimited',
    sentence: `${host} accepts no credentials for a while, because several invalid ones were tried.`,
    hint: 'The operator retries in ten minutes; correct the integrations whose credentials are rejected.',
    retryAtMs: nowMs + lockedOutMs,
  });
}

/** Only its text marks a secondary limit; older Enterprise Servers call it "abuse detection". */
function isRateLimited(answer: Answer): boolean {
  if (answer.status === 429) return true;
  if (answer.status !== 403) return false;
  return (
    answer.header('x-ratelimit-remaining') === '0' ||
    answer.header('retry-after') !== undefined ||
    /secondary rate limit|abuse detection/i.test(messageOf(answer))
  );
}

function ssoRequired(context: AnswerContext): ProviderError {
  return new ProviderError({
    reason: 'SSORequired',
    sentence: (token) =>
      `The organization on ${context.host} demands that the ${token} be authorized for single sign-on.`,
    hint: `Choose "Configure SSO" for the token: ${ssoPage}`,
  });
}

function forbidden(sentence: (credential: string, host: string) => string, hint: string) {
  return ({ host }: AnswerContext): ProviderError =>
    new ProviderError({
      reason: 'Unauthorized',
      sentence: (credential) => sentence(credential, host),
      hint,
      isExplained: true,
    });
}

/** The 403s that are known by their text, most special first. */
const refusals: { pattern: RegExp; error: (context: AnswerContext) => ProviderError }[] = [
  {
    // GitHub response recorded in PyGithub's test suite.
    pattern: /max(imum)? number of login attempts? exceeded/i,
    error: lockedOut,
  },
  {
    // https://github.com/aquasecurity/trivy/discussions/10567
    pattern: /IP allow list/i,
    error: ({ host }) =>
      new ProviderError({
        reason: 'AddressNotAllowed',
        sentence: `The organization on ${host} has an IP allow list without the address of this cluster.`,
        hint: "Add the cluster's outgoing address to the list.",
      }),
  },
  {
    // The header may be missing: https://github.com/fwouts/prmonitor/issues/1042
    pattern: /SAML enforcement|SAML SSO|single sign-on/i,
    error: ssoRequired,
  },
  {
    // Of both kinds, and of enterprises as well: https://github.com/NixOS/org/issues/247
    pattern: /lifetime is greater than/i,
    error: forbidden(
      (token, host) =>
        `The organization or enterprise on ${host} forbids tokens that live as long as the ${token}.`,
      'Create a token with a shorter lifetime, or use a GitHub App.',
    ),
  },
  {
    // https://github.com/refined-github/refined-github/issues/6951
    pattern: /forbids access via a personal access tokens? \(classic\)/i,
    error: forbidden(
      (token, host) =>
        `The organization on ${host} forbids classic personal access tokens, and the ${token} is one.`,
      'Use a GitHub App or a fine-grained token.',
    ),
  },
  {
    pattern: /forbids access via a fine-grained/i,
    error: forbidden(
      (token, host) =>
        `The organization on ${host} forbids fine-grained personal access tokens, and the ${token} is one.`,
      'Use a GitHub App.',
    ),
  },
  {
    // https://github.com/gitbutlerapp/gitbutler/issues/8594
    pattern: /OAuth App access restrictions/i,
    error: forbidden(
      (token, host) =>
        `The organization on ${host} has not approved the OAuth app that the ${token} comes from.`,
      'Have an owner of the organization approve the app (settings, OAuth app policy), or use a personal access token or a GitHub App.',
    ),
  },
  {
    // https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/understanding-iam-for-enterprises/about-enterprise-managed-users
    pattern: /Enterprise Managed User/i,
    error: forbidden(
      (token, host) =>
        `The account of the ${token} is an Enterprise Managed User, which ${host} keeps out of everything outside of its enterprise.`,
      'Use a token of an account that no enterprise manages, or a GitHub App of the organization that has the repository.',
    ),
  },
  {
    pattern: /account (is|was|has been) (suspended|flagged)|suspended account/i,
    error: forbidden(
      (token, host) => `The account of the ${token} is suspended on ${host}.`,
      'Use a token of another account, or have this one restored.',
    ),
  },
  {
    // https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-two-factor-authentication-for-your-organization
    pattern: /two-factor authentication/i,
    error: forbidden(
      (token, host) =>
        `The organization on ${host} demands two-factor authentication, which the account of the ${token} has not enabled.`,
      'Enable it for that account, or use a GitHub App.',
    ),
  },
  {
    pattern: /verify your email address/i,
    error: forbidden(
      (token, host) => `${host} refuses the account of the ${token}, whose e-mail address is not verified.`,
      'Verify the address in the settings of that account.',
    ),
  },
];

/**
 * What a refusal of an App's JWT means. GitHub Enterprise Server answers alike.
 * 401 `A JSON web token could not be decoded`: no key of the App signed it. 404 `Integration not found`: there is no such
 * App (https://github.com/actions/create-github-app-token/issues/76).
 */
export function appVerdict(answer: Answer, context: AnswerContext, appId: string): ProviderError | undefined {
  if (isRateLimited(answer)) return rateLimited('GitHub', answer, context);
  const { host } = context;
  const message = messageOf(answer);
  if (answer.status === 401 && /'(Issued at|Expiration time)' claim/.test(message)) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${host} refuses the times of the App's token.`,
      hint: 'Set the clock of the node that runs the operator; it is wrong by more than a minute.',
    });
  }
  if (answer.status === 401) {
    return new ProviderError({
      reason: 'KeyAppMismatch',
      sentence: (key) => `${host} knows no key of GitHub App ${appId} that matches the ${key}.`,
      hint: `Compare its fingerprint with the keys on the App's settings page (under https://${host}/settings/apps or the settings of the organization), or correct auth.githubApp.appID: ${keysPage}`,
    });
  }
  if (answer.status === 404 && /integration not found/i.test(message)) {
    return new ProviderError({
      reason: 'KeyAppMismatch',
      sentence: `${host} has no GitHub App with the App ID ${appId}.`,
      hint: 'Copy the App ID from the settings page of the App; it is neither the client ID nor an installation ID.',
    });
  }
  if (answer.status === 403) {
    const policy = refusals.find(({ pattern }) => pattern.test(message));
    if (policy !== undefined) return policy.error(context);
  }
  return otherFailure(answer, context);
}

/** A failure of any endpoint. The message is for matching only and goes nowhere. */
const failureSchema = z.object({ message: z.string() });

function messageOf(answer: Answer): string {
  return failureSchema.safeParse(answer.body).data?.message ?? '';
}
