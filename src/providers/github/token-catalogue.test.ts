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
  const { limited, wait, unreachable, serverFault, notTheApi, unexplained, stranger } = sentencesOf(host);
  const form = `https://${host}/settings/tokens/new?description=CodeMie&scopes=repo,project`;
  const wrong = `${host} rejected the token. It is invalid, expired or revoked, and GitHub doesn't say which; create a new token at ${form} and store it in that Secret.`;
  return [
    {
      name: 'wrong, expired or revoked',
      answer: refusal(401, `Bad credentials ${canary}`),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'a refresh token',
      answer: refusal(401, `Bad credentials ${canary}`),
      credential: { kind: 'token', token: 'ghr_catalogue' },
      reason: 'Unauthorized',
      says: `${host} rejected the token. Its prefix (ghr_) marks it as a refresh token, which can't authenticate on its own; store a personal access token, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'a token of an installation whose hour has passed',
      answer: refusal(401, `Bad credentials ${canary}`),
      credential: { kind: 'token', token: 'ghs_catalogue' },
      reason: 'Unauthorized',
      says: `${host} rejected the token. Its prefix (ghs_) marks it as an App installation token, which expires after one hour; configure the App itself under auth.githubApp.`,
      again: 'person',
    },
    {
      name: 'refused, and its known end has passed',
      answer: refusal(401, 'Bad credentials'),
      change: { knownExpiresAt: '2027-01-15T07:59:59Z' },
      reason: 'Expired',
      says: `The token has expired at ${host}. Create a new token at ${form} and store it in that Secret.`,
      again: 'person',
    },
    {
      name: 'the server saw no credential',
      answer: refusal(401, 'Requires authentication'),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'others tried bad tokens, and a good one is refused for a while',
      answer: tooManyBadAttempts(),
      reason: 'RateLimited',
      says: `${host} accepts no credentials for a while, because several invalid ones were tried. The operator retries in ten minutes; correct the integrations whose credentials are rejected.`,
      again: 600,
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
      says: `The organization on ${host} forbids classic personal access tokens, and the token is one. Use a GitHub App or a fine-grained token.`,
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
      says: `The organization or enterprise on ${host} forbids tokens that live as long as the token. Create a token with a shorter lifetime, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'no fine-grained tokens allowed',
      about: 'repository',
      answer: refusal(403, `\`${canary}\` forbids access via a fine-grained personal access token.`),
      reason: 'Unauthorized',
      says: `The organization on ${host} forbids fine-grained personal access tokens, and the token is one. Use a GitHub App.`,
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
      says: 'The token is an installation token of a GitHub App, which expires after an hour. Configure the App itself under auth.githubApp instead of one of its tokens.',
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
      again: 'recheck',
    },
    ...[403, 451].map((status) => ({
      name: `a repository that GitHub has blocked, as ${status}`,
      about: 'repository' as const,
      answer: refusal(status, `Repository access blocked ${canary}`),
      reason: 'RepositoryNotAccessible' as const,
      says: `${host} has blocked the repository acme/shop for everyone. Its page there says why; remove it from validation.repositories until its owner has settled that.`,
      again: 'person' as const,
    })),
    {
      name: 'an organization that demands two factors',
      about: 'repository',
      answer: refusal(403, `${canary} requires two-factor authentication to access this resource.`),
      reason: 'Unauthorized',
      says: `The organization on ${host} demands two-factor authentication, which the account of the token has not enabled. Enable it for that account, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'an address that was not verified',
      answer: refusal(403, `You must verify your email address. ${canary}`),
      reason: 'Unauthorized',
      says: `${host} refuses the account of the token, whose e-mail address is not verified. Verify the address in the settings of that account.`,
      again: 'person',
    },
    {
      name: 'a flagged account',
      answer: refusal(403, `Your account was flagged. ${canary}`),
      reason: 'Unauthorized',
      says: `The account of the token is suspended on ${host}. Use a token of another account, or have this one restored.`,
      again: 'person',
    },
    ...['classic', 'fineGrained'].map((kind) => ({
      name: `a text that only says what a ${kind} token lacks, without the header of single sign-on`,
      about: 'repository' as const,
      answer: refusal(
        403,
        'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      ),
      reason: 'SSORequired' as const,
      says: `The organization on ${host} demands that the token be authorized for single sign-on. Choose "Configure SSO" for the token: https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on`,
      again: 'person' as const,
    })),
    {
      name: 'an enterprise that allows no long life, in the words for classic tokens',
      about: 'repository',
      answer: refusal(
        403,
        `The '${canary}' enterprise forbids access via a personal access tokens (classic) if the token's lifetime is greater than 366 days.`,
      ),
      reason: 'Unauthorized',
      says: `The organization or enterprise on ${host} forbids tokens that live as long as the token. Create a token with a shorter lifetime, or use a GitHub App.`,
      again: 'person',
    },
    {
      name: 'an organization that approves OAuth apps first',
      about: 'repository',
      answer: refusal(
        403,
        `Although you appear to have the correct authorization credentials, the \`${canary}\` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited.`,
      ),
      reason: 'Unauthorized',
      says: `The organization on ${host} has not approved the OAuth app that the token comes from. Have an owner of the organization approve the app (settings, OAuth app policy), or use a personal access token or a GitHub App.`,
      again: 'person',
    },
    {
      name: 'an Enterprise Managed User outside of its enterprise',
      about: 'repository',
      answer: refusal(403, 'Unauthorized: As an Enterprise Managed User, you cannot access this content'),
      reason: 'Unauthorized',
      says: `The account of the token is an Enterprise Managed User, which ${host} keeps out of everything outside of its enterprise. Use a token of an account that no enterprise manages, or a GitHub App of the organization that has the repository.`,
      again: 'person',
    },
    ...[401, 403].map((status) => ({
      name: `a gateway's own ${status}`,
      answer: {
        status,
        headers: { 'content-type': 'text/html', 'www-authenticate': `Basic realm="${canary}"` },
        body: `<html>${canary}</html>`,
      },
      reason: 'ProviderError' as const,
      says: stranger(status),
      again: 'backoff' as const,
    })),
    {
      name: "a gateway's own 401 in JSON",
      answer: { status: 401, body: { message: 'Unauthorized', request_id: canary } },
      reason: 'ProviderError',
      says: stranger(401),
      again: 'backoff',
    },
    {
      name: "a gateway's own 403 where a repository is asked for",
      about: 'repository',
      answer: { status: 403, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: stranger(403),
      again: 'backoff',
    },
    {
      name: "a gateway's own 404 where a repository is asked for",
      about: 'repository',
      answer: { status: 404, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    {
      name: 'a login that a proxy on the way demands',
      answer: { status: 407, headers: { 'proxy-authenticate': `Basic realm="${canary}"` }, body: canary },
      reason: 'ProviderUnreachable',
      says: `A proxy on the way to ${github.apiUrl(new URL(`https://${host}`)).host} demands a login. Put the right user name and password into the URL in HTTPS_PROXY or HTTP_PROXY; only Basic authentication is supported.`,
      again: 'backoff',
    },
    {
      name: 'a login that the network demands',
      answer: { status: 511, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: `A gateway on the way to ${host} demands a login (status 511). Let the requests of the operator pass there; the credential itself was not checked.`,
      again: 'backoff',
    },
    ...[403, 404, 409, 422, 451].map((status) => ({
      name: `a refusal of GitHub's own for an unknown reason, as ${status}`,
      answer: {
        ...refusal(status, `No reason ${canary}`),
        headers: { 'x-github-request-id': canary },
      },
      reason: 'ProviderError' as const,
      says: unexplained(status),
      again: 'backoff' as const,
    })),
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
