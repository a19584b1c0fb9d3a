import { describe } from 'vitest';
import { createBitbucketCloud } from '../../../test/harness/peers/bitbucket/cloud/bitbucket-cloud.ts';
import * as cloud from '../../../test/harness/peers/bitbucket/cloud/errors.ts';
import { rateLimited as cloudLimit } from '../../../test/harness/peers/bitbucket/cloud/failures.ts';
import { createBitbucketDataCenter } from '../../../test/harness/peers/bitbucket/data-center/bitbucket-data-center.ts';
import * as server from '../../../test/harness/peers/bitbucket/data-center/errors.ts';
import { rateLimited as serverLimit } from '../../../test/harness/peers/bitbucket/data-center/failures.ts';
import { type CatalogueRow, describeCatalogue } from '../testing/catalogue.ts';
import { canary } from '../testing/world.ts';
import { bitbucket } from './bitbucket.ts';

const apiTokens = 'https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/';
const refusedBy = (host: string, hint: string): string => `${host} rejected the token. ${hint}`;
const waitFor = (host: string): string =>
  `${host} asks for fewer calls with this credential. The operator retries when Bitbucket allows; if this recurs, share the credential with fewer programs.`;
const notTheApi = (host: string): string =>
  `${host} does not answer as the API of Bitbucket does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.`;
const stranger = (host: string, status: number): string =>
  `The request to ${host} was refused with status ${status}, in an answer that does not look like one of Bitbucket. Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.`;
const unexplained = (host: string, status: number): string =>
  `Bitbucket at ${host} refused the request with status ${status}, for a reason that is not known here. The operator retries; if this persists, check url and the status page of the server.`;
const serverFault = (host: string): string =>
  `${host} answered with a server error. The operator retries; if this persists, check the status page of Bitbucket or the server.`;
const unclear = refusedBy(
  'bitbucket.org',
  `It is invalid, has expired, or has no Bitbucket scopes, and Bitbucket doesn't say which; create a new token as ${apiTokens} shows and store it in that Secret.`,
);
const cloudUnreachable =
  'The token cannot read the repository acme/shop, or it does not exist. Give the token the scope to read repositories, and its owner access, or correct workspace/name.';

const ofCloud: CatalogueRow[] = [
  {
    name: 'wrong, expired, unscoped or of another product',
    answer: cloud.badToken(),
    reason: 'Unauthorized',
    says: unclear,
    again: 'recheck',
  },
  {
    name: 'an access token of OAuth that ended, with the same words',
    answer: cloud.refuse(401, `Access token expired. Use your refresh token. ${canary}`),
    reason: 'Unauthorized',
    says: unclear,
    again: 'recheck',
  },
  {
    name: 'refused, and its known end has passed',
    answer: cloud.badToken(),
    change: { knownExpiresAt: '2020-01-01T00:00:00Z' },
    reason: 'Expired',
    says: 'The token has expired at bitbucket.org. Create a new token as https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/ shows and store it in that Secret.',
    again: 'person',
  },
  {
    name: 'a bad login, in plain text',
    answer: cloud.badLogin(),
    reason: 'Unauthorized',
    says: unclear,
    again: 'recheck',
  },
  {
    name: 'an app password',
    answer: cloud.badLogin(),
    credential: { kind: 'token', token: 'ATBBcatalogue', username: 'alice' },
    reason: 'AppPasswordRetired',
    says: `The token is an app password, which Bitbucket Cloud no longer accepts. Create an API token, and give the e-mail address of the account as username: ${apiTokens}`,
    again: 'person',
  },
  {
    name: 'a user name with something that does not look like an app password',
    answer: cloud.badLogin(),
    credential: { kind: 'token', token: 'old-app-password', username: 'alice' },
    reason: 'Unauthorized',
    says: refusedBy(
      'bitbucket.org',
      `With a user name it can only be an app password, which Bitbucket Cloud no longer accepts; create an API token, and give the e-mail address of the account as username: ${apiTokens}`,
    ),
    again: 'person',
  },
  {
    name: 'an API token without the e-mail address',
    answer: cloud.badToken(),
    credential: { kind: 'token', token: 'ATATTcatalogue', username: 'alice' },
    reason: 'Unauthorized',
    says: refusedBy(
      'bitbucket.org',
      `An API token needs the e-mail address of its Atlassian account as username: ${apiTokens}`,
    ),
    again: 'person',
  },
  {
    name: 'an access token with a user name',
    answer: cloud.badLogin(),
    credential: { kind: 'token', token: 'ATCTTcatalogue', username: 'alice' },
    reason: 'Unauthorized',
    says: refusedBy(
      'bitbucket.org',
      'An access token has no username; leave it out: https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/',
    ),
    again: 'person',
  },
  {
    name: 'no Bitbucket scopes at all',
    answer: cloud.refuse(403, `API Token provided has no Bitbucket scopes ${canary}`),
    reason: 'Unauthorized',
    says: `bitbucket.org refuses the token. It may have no Bitbucket scopes; create one for Bitbucket: ${apiTokens}`,
    again: 'person',
  },
  {
    name: 'without the scope to read it',
    about: 'repository',
    answer: cloud.lacksScopes([canary], ['read:repository:bitbucket']),
    reason: 'RepositoryNotAccessible',
    says: cloudUnreachable,
    again: 'person',
  },
  {
    name: 'absent, or not to be seen',
    about: 'repository',
    answer: cloud.refuse(404, `Repository ${canary} not found`),
    reason: 'RepositoryNotAccessible',
    says: cloudUnreachable,
    again: 'recheck',
  },
  {
    name: 'an endpoint that was removed',
    answer: cloud.removed(),
    reason: 'ProviderError',
    says: unexplained('bitbucket.org', 410),
    again: 'backoff',
  },
  {
    name: 'a firewall before the API',
    answer: { status: 403, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: stranger('bitbucket.org', 403),
    again: 'backoff',
  },
  {
    name: "a gateway's own 401",
    answer: { status: 401, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: stranger('bitbucket.org', 401),
    again: 'backoff',
  },
  {
    name: "a gateway's own 404 where a repository is asked for",
    about: 'repository',
    answer: { status: 404, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: notTheApi('bitbucket.org'),
    again: 'backoff',
  },
  ...[
    `To access this repository, you must use an allowlisted IP address. ${canary}`,
    `${canary}'s workspace has IP whitelisting enabled`,
  ].map((message) => ({
    name: 'a list of addresses of the workspace',
    about: 'repository' as const,
    answer: cloud.refuse(403, message),
    reason: 'AddressNotAllowed' as const,
    says: "The workspace on bitbucket.org allows access from a list of IP addresses only, without the address of this cluster. Add the cluster's outgoing address to the list (workspace settings, Access controls).",
    again: 'person' as const,
  })),
  {
    name: 'two-step verification that the workspace demands',
    about: 'repository',
    answer: cloud.refuse(403, `To access this repository, enable two-step verification. ${canary}`),
    reason: 'Unauthorized',
    says: 'The workspace on bitbucket.org demands two-step verification, which the account of the token has not enabled. Enable it for the account that owns the token, or use an access token of the repository, project or workspace.',
    again: 'person',
  },
  {
    name: 'in plain text and without a time',
    answer: cloudLimit(),
    reason: 'RateLimited',
    says: waitFor('bitbucket.org'),
    again: 60,
  },
  {
    name: 'with a time',
    answer: cloudLimit({ retryAfterS: 77 }),
    reason: 'RateLimited',
    says: waitFor('bitbucket.org'),
    again: 77,
  },
  {
    name: 'an outage',
    answer: { status: 503, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: serverFault('bitbucket.org'),
    again: 'backoff',
  },
];

describe('a token of Bitbucket Cloud fails', () => {
  const peer = createBitbucketCloud();
  const token = 'catalogue-workspace-token';
  peer.addToken({ token, kind: 'workspace_access_token', resource: 'acme' });
  describeCatalogue({
    provider: bitbucket,
    peer,
    webUrl: 'https://bitbucket.org',
    credential: { kind: 'token', token },
    repository: 'acme/shop',
    repositoryRequest: /\/2\.0\/repositories\/acme\/shop$/,
    rows: ofCloud,
  });
});

const host = 'git.example.com';
const serverUnreachable =
  'The token cannot read the repository PRJ/shop, or it does not exist. Give the token permission to read it, or correct it: KEY/name, ~user/name for a personal one.';
const signedIn = { 'x-ausername': canary };

const ofServers: CatalogueRow[] = [
  {
    name: 'wrong, expired or revoked',
    answer: server.badCredentials(),
    reason: 'Unauthorized',
    says: refusedBy(
      host,
      `It is invalid, expired or revoked, and Bitbucket doesn't say which; create a new token at https://${host}/plugins/servlet/access-tokens/manage and store it in that Secret.`,
    ),
    again: 'recheck',
  },
  {
    name: 'refused, and its known end has passed',
    answer: server.badCredentials(),
    change: { knownExpiresAt: '2020-01-01T00:00:00Z' },
    reason: 'Expired',
    says: `The token has expired at ${host}. Create a new token at https://${host}/plugins/servlet/access-tokens/manage and store it in that Secret.`,
    again: 'person',
  },
  {
    name: 'a CAPTCHA to solve first',
    answer: server.captchaRequired(),
    reason: 'Unauthorized',
    says: refusedBy(host, 'The account must solve a CAPTCHA first: its owner signs in once on the web page.'),
    again: 'person',
  },
  {
    name: 'of an account that was deactivated',
    answer: {
      status: 401,
      body: {
        errors: [
          {
            message: canary,
            exceptionName: 'com.atlassian.bitbucket.auth.InactiveUserAuthenticationException',
          },
        ],
      },
    },
    reason: 'Unauthorized',
    says: refusedBy(host, 'Its account is deactivated; have an administrator activate it on the server.'),
    again: 'person',
  },
  {
    name: 'a server whose license is used up, which is not the fault of the token',
    answer: {
      status: 403,
      body: {
        errors: [{ message: canary, exceptionName: 'com.atlassian.bitbucket.license.LicenseLimitException' }],
      },
    },
    reason: 'ProviderError',
    says: unexplained(host, 403),
    again: 'backoff',
  },
  {
    name: 'known by name, but allowed nothing',
    answer: { ...server.notPermitted(), headers: signedIn },
    reason: 'Unauthorized',
    says: refusedBy(
      host,
      'The server knows its user but allows nothing; check the permissions of the token.',
    ),
    again: 'person',
  },
  {
    name: 'taken for an anonymous caller, by a server that answers anyone',
    answer: { status: 200, body: { version: '9.4.1', displayName: canary } },
    reason: 'Unauthorized',
    says: refusedBy(
      host,
      'The server does not know its user; for the token of a project or repository, list a private one under validation.repositories.',
    ),
    again: 'recheck',
  },
  {
    name: 'not allowed, which is a 401 there',
    about: 'repository',
    answer: { ...server.notPermitted(), headers: signedIn },
    reason: 'RepositoryNotAccessible',
    says: serverUnreachable,
    again: 'person',
  },
  {
    name: 'no such repository',
    about: 'repository',
    answer: server.noSuchRepository(canary, canary),
    reason: 'RepositoryNotAccessible',
    says: serverUnreachable,
    again: 'recheck',
  },
  {
    name: 'no such project',
    about: 'repository',
    answer: server.noSuchProject(canary),
    reason: 'RepositoryNotAccessible',
    says: serverUnreachable,
    again: 'recheck',
  },
  {
    name: 'the bucket of calls is empty',
    answer: serverLimit({ retryAfterS: 5 }),
    reason: 'RateLimited',
    says: waitFor(host),
    again: 5,
  },
  {
    name: 'the bucket of calls is empty, and full at once',
    answer: serverLimit({ retryAfterS: 0 }),
    reason: 'RateLimited',
    says: waitFor(host),
    again: 1,
  },
  ...[401, 403].map((status) => ({
    name: `a gateway's own ${status}`,
    answer: { status, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError' as const,
    says: stranger(host, status),
    again: 'backoff' as const,
  })),
  {
    name: "a gateway's own 404 where a repository is asked for",
    about: 'repository',
    answer: { status: 404, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: notTheApi(host),
    again: 'backoff',
  },
  {
    name: 'a server that starts or stops',
    answer: { status: 503, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
    reason: 'ProviderError',
    says: serverFault(host),
    again: 'backoff',
  },
  {
    name: 'a sign-in page: the redirect to it leads to HTML',
    answer: { status: 302, headers: { location: `https://${host}/login?next=${canary}` } },
    reason: 'ProviderError',
    says: `${host} answered with a redirect to what looks like a sign-in page, which is not followed. Check the URL; if a sign-in page or access gateway is in front of the API, let the requests of the operator pass there.`,
    again: 'backoff',
    calls: 4,
  },
];

describe('a token of Bitbucket Data Center fails', () => {
  const peer = createBitbucketDataCenter({ url: `https://${host}` });
  peer.addUser('alice', 'password');
  peer.addToken({ token: 'BBDC-catalogue' });
  describeCatalogue({
    provider: bitbucket,
    peer,
    webUrl: `https://${host}`,
    credential: { kind: 'token', token: 'BBDC-catalogue' },
    repository: 'PRJ/shop',
    repositoryRequest: /\/projects\/PRJ\/repos\/shop$/,
    rows: ofServers,
  });
});
