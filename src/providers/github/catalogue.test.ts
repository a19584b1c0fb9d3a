import { generateKeyPairSync } from 'node:crypto';
import { describe } from 'vitest';
import type { Fault } from '../../../test/harness/peers/git-hosts/faults.ts';
import {
  abuseDetection,
  secondaryLimit,
  serverError,
  serviceUnavailable,
  tooManyBadAttempts,
} from '../../../test/harness/peers/github/failures.ts';
import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import { refuse } from '../../../test/harness/peers/github/site.ts';
import { type CatalogueRow, canary, describeCatalogue } from '../conformance.ts';
import { github } from './github.ts';

const nowS = 1_800_000_000;
const tokensPage = 'https://github.com/settings/tokens';
const keysPage =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps';

/** A refusal with GitHub's text, in which the canary stands where names would. */
const refusal = (status: number, message: string, headers: Record<string, string> = {}): Fault =>
  refuse(status, message, headers, `https://docs.github.com/${canary}`);

const sso = {
  'x-github-sso': `required; url=https://github.com/orgs/${canary}/sso?authorization_request=A4`,
};
const limited = (status: number): CatalogueRow => ({
  name: `the budget of calls is used up, as ${status}`,
  answer: refusal(status, `API rate limit exceeded for user ID 1 (${canary}).`, {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(nowS + 900),
  }),
  reason: 'RateLimited',
  says: 'github.com asks for fewer calls with this credential. It will be tried again when GitHub allows; share the credential with fewer programs if it returns.',
  again: 900,
});
const wait = limited(403).says;
const unreachable =
  'The credential does not reach the repository acme/shop, or it does not exist. Give the token access to it, as its owner or in the settings of a fine-grained token, or correct the name.';
const serverFault =
  'github.com answered with a server error. It will be tried again; look at the status page of GitHub or at the server if it stays so.';
const notTheApi =
  'github.com does not answer as the API of GitHub does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.';

const ofTokens: CatalogueRow[] = [
  {
    name: 'wrong, expired or revoked',
    answer: refusal(401, `Bad credentials ${canary}`),
    reason: 'Unauthorized',
    says: `github.com does not accept the token. It is wrong, expired or revoked, and GitHub does not tell which; make a new one at ${tokensPage}.`,
    again: 'person',
  },
  {
    name: 'refused, and its known end is over',
    answer: refusal(401, 'Bad credentials'),
    change: { knownExpiresAt: '2027-01-15T07:59:59Z' },
    reason: 'Expired',
    says: 'The token for github.com has expired. Make a new token and store it in the Secret.',
    again: 'person',
  },
  {
    name: 'the server saw no credential',
    answer: refusal(401, 'Requires authentication'),
    reason: 'Unauthorized',
    says: `github.com does not accept the token. It is wrong, expired or revoked, and GitHub does not tell which; make a new one at ${tokensPage}.`,
    again: 'person',
  },
  {
    name: 'others tried bad tokens, and a good one is refused for a while',
    answer: tooManyBadAttempts(),
    reason: 'ProviderError',
    says: 'github.com refuses the request, and its reason is not known here. GitHub refuses even good tokens for a while after several bad ones; it will be tried again.',
    again: 'backoff',
  },
  ...[403, 404].map((status) => ({
    name: `single sign-on, as ${status}`,
    about: 'repository' as const,
    answer: refusal(status, 'Resource protected by organization SAML enforcement.', sso),
    reason: 'SSORequired' as const,
    says: 'The organization on github.com demands that the token be authorized for single sign-on. Choose "Configure SSO" for the token: https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on',
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
    says: "The organization on github.com has an IP allow list without the address of this cluster. Add the cluster's outgoing address to the list.",
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
    says: 'The organization on github.com forbids classic personal access tokens. Use a GitHub App or a fine-grained token.',
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
    says: 'The organization on github.com forbids tokens that live as long as this one. Make a token with a shorter lifetime, or use a GitHub App.',
    again: 'person',
  },
  {
    name: 'no fine-grained tokens allowed',
    about: 'repository',
    answer: refusal(403, `\`${canary}\` forbids access via a fine-grained personal access token.`),
    reason: 'Unauthorized',
    says: 'The organization on github.com forbids fine-grained personal access tokens. Use a GitHub App.',
    again: 'person',
  },
  {
    name: 'a suspended account',
    answer: refusal(403, `Sorry. Your account was suspended. ${canary}`),
    reason: 'Unauthorized',
    says: 'The account of the token is suspended on github.com. Use a token of another account, or have this one restored.',
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
    says: 'github.com does not know the version of the API that is asked for. Update the server: GitHub Enterprise Server knows 2022-11-28 since 3.9.',
    again: 'backoff',
  },
];

describe('a GitHub token fails', () => {
  const peer = createGitHub();
  peer.addToken({ token: 'ghp_catalogue', login: 'octocat' });
  peer.addRepository({ fullName: 'acme/shop', collaborators: { octocat: 'push' } });
  describeCatalogue({
    provider: github,
    peer,
    webUrl: 'https://github.com',
    credential: { kind: 'token', token: 'ghp_catalogue' },
    repository: 'acme/shop',
    repositoryRequest: /\/repos\/acme\/shop$/,
    rows: ofTokens,
  });
});

const mismatch = (sentence: string): string => `github.com ${sentence}`;
const undecodable = mismatch(
  `knows no key of this App that matches the private key. Compare the App ID and the fingerprint of the key with the settings page of the App: ${keysPage}`,
);
const clock =
  "github.com refuses the times of the App's token. Set the clock of the node that runs the operator; it is wrong by more than a minute.";

const ofApps: CatalogueRow[] = [
  {
    name: 'no key of the App has signed it',
    answer: refusal(401, `A JSON web token could not be decoded ${canary}`),
    reason: 'KeyAppMismatch',
    says: undecodable,
    again: 'person',
  },
  {
    name: 'the App has no key',
    answer: refusal(401, 'Integration must generate a public key'),
    reason: 'KeyAppMismatch',
    says: undecodable,
    again: 'person',
  },
  {
    name: 'there is no such App',
    answer: refusal(404, 'Integration not found'),
    reason: 'KeyAppMismatch',
    says: mismatch(
      'has no App with this App ID. Copy the App ID from the settings page of the App; it is neither the client ID nor an installation ID.',
    ),
    again: 'person',
  },
  {
    name: 'a clock that is ahead, though it was corrected by the date of the answer',
    answer: refusal(401, "'Expiration time' claim ('exp') is too far in the future"),
    reason: 'ProviderError',
    says: clock,
    again: 'backoff',
    calls: 2,
  },
  {
    name: 'a clock of which the server makes nothing',
    answer: refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    ),
    reason: 'ProviderError',
    says: clock,
    again: 'backoff',
    calls: 2,
  },
  {
    name: 'an IP allow list of the enterprise',
    answer: refusal(403, `The \`${canary}\` enterprise has an IP allow list enabled.`),
    reason: 'AddressNotAllowed',
    says: "The organization on github.com has an IP allow list without the address of this cluster. Add the cluster's outgoing address to the list.",
    again: 'person',
  },
  limited(403),
  {
    name: 'a secondary limit',
    answer: secondaryLimit({ retryAfterS: 30 }),
    reason: 'RateLimited',
    says: wait,
    again: 30,
  },
  {
    name: 'an outage',
    answer: serviceUnavailable(),
    reason: 'ProviderError',
    says: serverFault,
    again: 'backoff',
  },
  {
    name: 'no such endpoint: not the API',
    answer: refusal(404, 'Not Found'),
    reason: 'ProviderError',
    says: notTheApi,
    again: 'backoff',
  },
];

describe('a GitHub App fails', () => {
  const peer = createGitHub();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  peer.addApp({ id: 12, privateKey: pem });
  describeCatalogue({
    provider: github,
    peer,
    webUrl: 'https://github.com',
    credential: { kind: 'githubApp', appId: '12', privateKey: pem },
    repository: 'acme/shop',
    repositoryRequest: /\/repos\/acme\/shop\/installation$/,
    rows: ofApps,
  });
});
