import { describe } from 'vitest';
import {
  abuseDetection,
  secondaryLimit,
  serverError,
  serviceUnavailable,
  tooManyBadAttempts,
} from '../../../test/harness/peers/github/failures.ts';
import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import { type CatalogueRow, describeCatalogue } from '../testing/catalogue.ts';
import { refusal, sentencesOf, sites } from '../testing/github.ts';
import { canary } from '../testing/world.ts';
import { github } from './github.ts';

const sso = {
  'x-github-sso': `required; url=https://github.com/orgs/${canary}/sso?authorization_request=A4`,
};

const rowsAt = (host: string): CatalogueRow[] => {
  const { limited, wait, unreachable, serverFault, notTheApi } = sentencesOf(host);
  const wrong = `${host} rejected the token. It is wrong, expired or revoked, and GitHub does not tell which; make a new one at https://${host}/settings/tokens.`;
  return [
    {
      name: 'wrong, expired or revoked',
      answer: refusal(401, `Bad credentials ${canary}`),
      reason: 'Unauthorized',
      says: wrong,
      again: 'person',
    },
    {
      name: 'a refresh token',
      answer: refusal(401, `Bad credentials ${canary}`),
      credential: { kind: 'token', token: 'ghr_catalogue' },
      reason: 'Unauthorized',
      says: `${host} rejected the token. By its beginning it is a refresh token, which opens nothing by itself; store a personal access token, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'a token of an installation whose hour is over',
      answer: refusal(401, `Bad credentials ${canary}`),
      credential: { kind: 'token', token: 'ghs_catalogue' },
      reason: 'Unauthorized',
      says: `${host} rejected the token. By its beginning it is a token of an installation, which ends after an hour; give the App itself (auth.githubApp).`,
      again: 'person',
    },
    {
      name: 'refused, and its known end is over',
      answer: refusal(401, 'Bad credentials'),
      change: { knownExpiresAt: '2027-01-15T07:59:59Z' },
      reason: 'Expired',
      says: `The token has expired at ${host}. Create a new token and store it in that Secret.`,
      again: 'person',
    },
    {
      name: 'the server saw no credential',
      answer: refusal(401, 'Requires authentication'),
      reason: 'Unauthorized',
      says: wrong,
      again: 'person',
    },
    {
      name: 'others tried bad tokens, and a good one is refused for a while',
      answer: tooManyBadAttempts(),
      reason: 'ProviderError',
      says: `${host} refuses the request, and its reason is not known here. GitHub refuses even good tokens for a while after several bad ones; it will be tried again.`,
      again: 'backoff',
    },
    ...[403, 404].map((status) => ({
      name: `single sign-on, as ${status}`,
      about: 'repository' as const,
      answer: refusal(status, 'Resource protected by organization SAML enforcement.', sso),
      reason: 'SSORequired' as const,
      says: `The organization on ${host} demands that the token be authorized for single sign-on. Choose "Configure SSO" for the token: https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on`,
      again: 'person' as const,
    })),
    {
      name: 'an IP allow list',
      about: 'repository',
      answer: refusal(
        403,
        `Although you appear to have the correct authorization credentials, the \`${canary}\` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.`,
      ),
      reason: 'AddressNotAllowed',
      says: `The organization on ${host} has an IP allow list without the address of this cluster. Add the cluster's outgoing address to the list.`,
      again: 'person',
    },
    {
      name: 'no classic tokens allowed',
      about: 'repository',
      answer: refusal(
        403,
        `\`${canary}\` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.`,
      ),
      reason: 'Unauthorized',
      says: `The organization on ${host} forbids classic personal access tokens. Use a GitHub App or a fine-grained token.`,
      again: 'person',
    },
    {
      name: 'no tokens of so long a life allowed',
      about: 'repository',
      answer: refusal(
        403,
        `The '${canary}' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 30 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1${canary}`,
      ),
      reason: 'Unauthorized',
      says: `The organization on ${host} forbids tokens that live as long as this one. Make a token with a shorter lifetime, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'no fine-grained tokens allowed',
      about: 'repository',
      answer: refusal(403, `\`${canary}\` forbids access via a fine-grained personal access token.`),
      reason: 'Unauthorized',
      says: `The organization on ${host} forbids fine-grained personal access tokens. Use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'a suspended account',
      answer: refusal(403, `Sorry. Your account was suspended. ${canary}`),
      reason: 'Unauthorized',
      says: `The account of the token is suspended on ${host}. Use a token of another account, or have this one restored.`,
      again: 'person',
    },
    {
      name: 'a fine-grained token without the permission',
      about: 'repository',
      answer: refusal(403, `Resource not accessible by personal access token ${canary}`, {
        'x-accepted-github-permissions': 'metadata=read',
      }),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
    },
    {
      name: 'a token of an installation, which has no user',
      answer: refusal(403, `Resource not accessible by integration ${canary}`),
      reason: 'Unauthorized',
      says: 'The token is an installation token of a GitHub App, which ends after an hour. Give the App itself (auth.githubApp) instead of one of its tokens.',
      again: 'person',
    },
    limited(403),
    limited(429),
    {
      name: 'a secondary limit that says how long',
      answer: secondaryLimit({ retryAfterS: 30 }),
      reason: 'RateLimited',
      says: wait,
      again: 30,
    },
    {
      name: 'a secondary limit as 429, without a time',
      answer: secondaryLimit({ status: 429 }),
      reason: 'RateLimited',
      says: wait,
      again: 60,
    },
    {
      name: 'the secondary limit of older servers',
      answer: abuseDetection(),
      reason: 'RateLimited',
      says: wait,
      again: 60,
    },
    {
      name: 'a repository that is not there or not to be seen',
      about: 'repository',
      answer: refusal(404, 'Not Found'),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
    },
    {
      name: 'a repository that was taken down',
      about: 'repository',
      answer: refusal(451, `Repository access blocked ${canary}`),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
    },
    {
      name: 'no such endpoint: not the API',
      answer: refusal(404, 'Not Found'),
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    {
      name: 'a server that took more than ten seconds',
      answer: serverError(),
      reason: 'ProviderError',
      says: serverFault,
      again: 'backoff',
    },
    {
      name: 'an outage, with a page that is called JSON',
      answer: serviceUnavailable(),
      reason: 'ProviderError',
      says: serverFault,
      again: 'backoff',
    },
    {
      name: 'a version of the API that the server does not know',
      answer: refusal(400, `Version 2022-11-28 is not a supported version. ${canary}`),
      reason: 'ProviderError',
      says: `${host} does not know the version of the API that is asked for. Update the server: GitHub Enterprise Server knows 2022-11-28 since 3.9.`,
      again: 'backoff',
    },
  ];
};

describe('a GitHub token fails', () => {
  for (const site of sites) {
    const peer = createGitHub(site.peer);
    peer.addToken({ token: 'ghp_catalogue', login: 'octocat' });
    peer.addRepository({ fullName: 'acme/shop', collaborators: { octocat: 'push' } });
    describeCatalogue({
      provider: github,
      peer,
      webUrl: `https://${site.host}`,
      credential: { kind: 'token', token: 'ghp_catalogue' },
      repository: 'acme/shop',
      repositoryRequest: /\/repos\/acme\/shop$/,
      rows: rowsAt(site.host),
    });
  }
});
