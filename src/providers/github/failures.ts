import type { Answer, Asked } from '../answer.ts';
import { commonFailure, notReachable, rateLimited, refused } from '../failures.ts';
import { ProviderError } from '../provider.ts';
import { failureSchema } from './schema.ts';
import { tokensPage } from './urls.ts';

const ssoPage =
  'https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on';
const keysPage =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps';

/**
 * What a failed answer to a token means. A 403 has many causes, and the order matters: limits first, because they may
 * come with any text.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 *
 * @param token for advice by its prefix only
 */
export function tokenFailure(answer: Answer, asked: Asked, token: string): ProviderError {
  if (isRateLimited(answer)) return rateLimited('GitHub', answer, asked);
  // Whatever the text: `required; url=…`. The URL is a personal one and is not repeated.
  if (answer.header('x-github-sso')?.startsWith('required') === true) return ssoRequired(asked);
  if (answer.status === 401) return refused(asked, adviceOn(token, asked.host));
  if (answer.status === 403) {
    const known = refusals.find(({ pattern }) => pattern.test(messageOf(answer)));
    if (known !== undefined) return new ProviderError(known.error(asked));
  }
  if (asked.subject.kind === 'repository' && [403, 404, 451].includes(answer.status)) {
    return notReachable(
      asked.subject.repository,
      'Give the token access to it, as its owner or in the settings of a fine-grained token, or correct the name.',
    );
  }
  if (/not accessible by integration/i.test(messageOf(answer))) {
    return new ProviderError({
      reason: 'Unauthorized',
      sentence: 'The token is an installation token of a GitHub App, which ends after an hour.',
      hint: 'Give the App itself (auth.githubApp) instead of one of its tokens.',
    });
  }
  if (answer.status === 403) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${asked.host} refuses the request, and its reason is not known here.`,
      hint: 'GitHub refuses even good tokens for a while after several bad ones; it will be tried again.',
    });
  }
  return otherFailure(answer, asked);
}

/** Prefixes: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/github-credential-types */
function adviceOn(token: string, host: string): string {
  if (token.startsWith('ghr_')) {
    return 'By its beginning it is a refresh token, which opens nothing by itself; store a personal access token, or use a GitHub App.';
  }
  if (token.startsWith('ghs_')) {
    return 'By its beginning it is a token of an installation, which ends after an hour; give the App itself (auth.githubApp).';
  }
  return `It is wrong, expired or revoked, and GitHub does not tell which; make a new one at ${tokensPage(host)}.`;
}

function otherFailure(answer: Answer, asked: Asked): ProviderError {
  // https://docs.github.com/en/rest/about-the-rest-api/api-versions
  if (answer.status === 400 && /not a supported version/i.test(messageOf(answer))) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${asked.host} does not know the version of the API that is asked for.`,
      hint: 'Update the server: GitHub Enterprise Server knows 2022-11-28 since 3.9.',
    });
  }
  return commonFailure('GitHub', answer, asked);
}

/** A secondary limit is told by its text only; "abuse detection" is how older Enterprise Servers call it. */
function isRateLimited(answer: Answer): boolean {
  if (answer.status === 429) return true;
  if (answer.status !== 403) return false;
  return (
    answer.header('x-ratelimit-remaining') === '0' ||
    answer.header('retry-after') !== undefined ||
    /secondary rate limit|abuse detection/i.test(messageOf(answer))
  );
}

function ssoRequired(asked: Asked): ProviderError {
  return new ProviderError({
    reason: 'SSORequired',
    sentence: `The organization on ${asked.host} demands that the token be authorized for single sign-on.`,
    hint: `Choose "Configure SSO" for the token: ${ssoPage}`,
  });
}

type ErrorFields = ConstructorParameters<typeof ProviderError>[0];

/** The 403s that are known by their text. */
const refusals: { pattern: RegExp; error: (asked: Asked) => ErrorFields }[] = [
  {
    // https://github.com/aquasecurity/trivy/discussions/10567
    pattern: /IP allow list/i,
    error: ({ host }) => ({
      reason: 'AddressNotAllowed',
      sentence: `The organization on ${host} has an IP allow list without the address of this cluster.`,
      hint: "Add the cluster's outgoing address to the list.",
    }),
  },
  {
    // https://github.com/refined-github/refined-github/issues/6951
    pattern: /forbids access via a personal access token \(classic\)/i,
    error: ({ host }) => ({
      reason: 'Unauthorized',
      sentence: `The organization on ${host} forbids classic personal access tokens.`,
      hint: 'Use a GitHub App or a fine-grained token.',
    }),
  },
  {
    // https://github.com/NixOS/org/issues/247
    pattern: /lifetime is greater than/i,
    error: ({ host }) => ({
      reason: 'Unauthorized',
      sentence: `The organization on ${host} forbids tokens that live as long as this one.`,
      hint: 'Make a token with a shorter lifetime, or use a GitHub App.',
    }),
  },
  {
    pattern: /forbids access via a fine-grained/i,
    error: ({ host }) => ({
      reason: 'Unauthorized',
      sentence: `The organization on ${host} forbids fine-grained personal access tokens.`,
      hint: 'Use a GitHub App.',
    }),
  },
  {
    pattern: /account (is|was|has been) suspended|suspended account/i,
    error: ({ host }) => ({
      reason: 'Unauthorized',
      sentence: `The account of the token is suspended on ${host}.`,
      hint: 'Use a token of another account, or have this one restored.',
    }),
  },
];

/**
 * What a failed answer to an App's JWT means. GitHub Enterprise Server answers alike.
 * 401 `A JSON web token could not be decoded`: no key of the App signed it. 404 `Integration not found`: there is no such
 * App (https://github.com/actions/create-github-app-token/issues/76).
 */
export function appFailure(answer: Answer, asked: Asked): ProviderError {
  if (isRateLimited(answer)) return rateLimited('GitHub', answer, asked);
  const message = messageOf(answer);
  if (answer.status === 401 && /'(Issued at|Expiration time)' claim/.test(message)) {
    return new ProviderError({
      reason: 'ProviderError',
      sentence: `${asked.host} refuses the times of the App's token.`,
      hint: 'Set the clock of the node that runs the operator; it is wrong by more than a minute.',
    });
  }
  if (answer.status === 401) {
    return new ProviderError({
      reason: 'KeyAppMismatch',
      sentence: `${asked.host} knows no key of this App that matches the private key.`,
      hint: `Compare the App ID and the fingerprint of the key with the settings page of the App: ${keysPage}`,
    });
  }
  if (answer.status === 404 && /integration not found/i.test(message)) {
    return new ProviderError({
      reason: 'KeyAppMismatch',
      sentence: `${asked.host} has no App with this App ID.`,
      hint: 'Copy the App ID from the settings page of the App; it is neither the client ID nor an installation ID.',
    });
  }
  if (answer.status === 403) {
    const known = refusals.find(({ pattern }) => pattern.test(message));
    if (known !== undefined) return new ProviderError(known.error(asked));
  }
  return otherFailure(answer, asked);
}

function messageOf(answer: Answer): string {
  return failureSchema.safeParse(answer.body).data?.message ?? '';
}
