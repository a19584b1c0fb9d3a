import { describe } from 'vitest';
import type { Fault } from '../../../test/harness/peers/git-hosts/faults.ts';
import { oauthError, refuse, unauthorized } from '../../../test/harness/peers/gitlab/errors.ts';
import {
  blockedByCloudflare,
  dpopRequired,
  loginInsteadOfApi,
  throttled,
  tooManyRequests,
} from '../../../test/harness/peers/gitlab/failures.ts';
import { createGitLab } from '../../../test/harness/peers/gitlab/gitlab.ts';
import { type CatalogueRow, describeCatalogue } from '../testing/catalogue.ts';
import { canary } from '../testing/world.ts';
import { gitlab } from './gitlab.ts';

const oauth = (status: 401 | 403, error: string, description: string): Fault =>
  oauthError(status, error, `${description} ${canary}`);
const denied = (text: string): Fault => refuse(403, `403 Forbidden - ${text}`);

/** Why GitLab refuses an account: seven texts of lib/gitlab/auth/user_access_denied_reason.rb. */
const owners: { name: string; text: string; hint: string }[] = [
  {
    name: 'is blocked',
    text: 'Your account has been blocked.',
    hint: 'The account is blocked; an administrator unblocks it.',
  },
  {
    name: 'waits for approval',
    text: 'Your account is pending approval from your administrator and hence blocked.',
    hint: 'The account waits for the approval of an administrator.',
  },
  {
    name: 'is deactivated',
    text: 'Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at https://gitlab.com',
    hint: 'The account is deactivated; its owner signs in once to activate it.',
  },
  {
    name: 'has not accepted the terms',
    text: `You (@${canary}) must accept the Terms of Service in order to perform this action.`,
    hint: 'The owner of the token signs in and accepts the terms of service.',
  },
  {
    name: 'has not confirmed an address',
    text: 'Your primary email address is not confirmed. Please check your inbox for the confirmation instructions.',
    hint: 'The owner of the token confirms the e-mail address of the account.',
  },
  {
    name: 'has an expired password',
    text: 'Your password expired. Please access GitLab from a web browser to update your password.',
    hint: "The owner's password has expired; sign in and set a new one.",
  },
  {
    name: 'is refused for a reason that is not known here',
    text: `This action cannot be performed by ${canary}`,
    hint: 'Look at the state of the account that owns the token.',
  },
];

const rowsAt = (host: string): CatalogueRow[] => {
  const wrong = `${host} rejected the token. It is wrong, or opens no API; a deploy token needs its own username, and a private project under validation.repositories to be proven by. Else make a personal, project or group access token: https://docs.gitlab.com/user/profile/personal_access_tokens/`;
  const expired = `The token has expired at ${host}. Create a new token and store it in that Secret.`;
  const wait = `${host} asks for fewer calls with this credential. It will be tried again when GitLab allows; share the credential with fewer programs if it returns.`;
  const notTheApi = `${host} does not answer as the API of GitLab does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.`;
  const unreachable =
    'The token cannot read the repository group/app, or it does not exist. Give the token and its owner access to it, or correct the full path; an IP restriction of its group looks the same.';

  return [
    { name: 'unknown', answer: unauthorized(), reason: 'Unauthorized', says: wrong, again: 'person' },
    {
      name: 'unknown, and its known end is over: expired tokens are deleted in time',
      answer: unauthorized(),
      change: { knownExpiresAt: '2020-01-01T00:00:00Z' },
      reason: 'Expired',
      says: expired,
      again: 'person',
    },
    {
      name: 'told by the server',
      answer: oauth(
        401,
        'invalid_token',
        'Token is expired. You can either do re-authorization or token refresh.',
      ),
      reason: 'Expired',
      says: expired,
      again: 'person',
    },
    {
      name: 'told by the server',
      answer: oauth(401, 'invalid_token', 'Token was revoked. You have to re-authorize from the user.'),
      reason: 'Revoked',
      says: `The token was revoked at ${host}. Find out who revoked it, then create a new token and store it in that Secret.`,
      again: 'person',
    },
    {
      name: 'impersonation is off',
      answer: oauth(401, 'invalid_token', 'Token is an impersonation token but impersonation was disabled.'),
      reason: 'Unauthorized',
      says: `${host} rejected the token. Impersonation tokens are turned off there; use a personal, project or group token.`,
      again: 'person',
    },
    {
      name: 'proof of possession is demanded',
      answer: dpopRequired(),
      reason: 'Unauthorized',
      says: `${host} rejected the token. Its owner demands DPoP for every use; use a project or group access token instead.`,
      again: 'person',
    },
    ...owners.map(({ name, text, hint }) => ({
      name: `its owner ${name}`,
      answer: denied(text),
      reason: 'Unauthorized' as const,
      says: `${host} refuses the owner of the token. ${hint}`,
      again: 'person' as const,
    })),
    {
      name: 'a project that is hidden, absent, or of a group that restricts addresses',
      about: 'repository',
      answer: refuse(404, '404 Project Not Found'),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
      calls: 3,
    },
    {
      name: 'a project that a fine-grained token is not made for',
      about: 'repository',
      answer: oauth(403, 'insufficient_granular_scope', 'Access denied: lacks the required permissions'),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
      calls: 3,
    },
    {
      name: 'a project that a token may not read after all',
      about: 'repository',
      answer: oauth(403, 'insufficient_scope', 'The request requires higher privileges than provided'),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'person',
      calls: 3,
    },
    {
      name: 'the throttle, in plain text, with a time',
      answer: throttled({ retryAfterS: 42 }),
      reason: 'RateLimited',
      says: wait,
      again: 42,
    },
    {
      name: 'the throttle, without a time',
      answer: throttled(),
      reason: 'RateLimited',
      says: wait,
      again: 60,
    },
    {
      name: 'the limits inside the application, which tell no time',
      answer: tooManyRequests(),
      reason: 'RateLimited',
      says: wait,
      again: 60,
    },
    {
      name: 'a sign-in page with 200',
      answer: loginInsteadOfApi(),
      reason: 'ProviderError',
      says: `${host} answered with something else than JSON. Check the URL: it may lead to a web page, or a sign-in page may stand before the API.`,
      again: 'backoff',
    },
    {
      name: 'a firewall before the server',
      answer: blockedByCloudflare(),
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    {
      name: 'a gateway before the server',
      answer: { status: 502, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: `${host} answered with a server error. It will be tried again; look at the status page of GitLab or at the server if it stays so.`,
      again: 'backoff',
    },
    {
      name: 'no such endpoint, old and new alike: not the API',
      answer: { status: 404, body: { error: `404 Not Found ${canary}` } },
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
      calls: 2,
    },
  ];
};

describe('a GitLab token fails', () => {
  for (const webUrl of ['https://gitlab.com', 'https://git.example.com/gitlab']) {
    const peer = createGitLab({ url: webUrl });
    peer.addToken({ token: 'glpat-catalogue' });
    describeCatalogue({
      provider: gitlab,
      peer,
      webUrl,
      credential: { kind: 'token', token: 'glpat-catalogue' },
      repository: 'group/app',
      repositoryRequest: /\/projects\/group%2Fapp/i,
      rows: rowsAt(new URL(webUrl).host),
    });
  }
});
