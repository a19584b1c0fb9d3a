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
    hint: 'The account is blocked; have an administrator of the server unblock it.',
  },
  {
    name: 'is banned',
    text: 'Your account has been banned.',
    hint: 'The account is banned; have an administrator of the server unban it.',
  },
  {
    name: 'has to enable two-factor authentication',
    text: 'You must enable Two-Factor Authentication for your account.',
    hint: 'Have the owner of the token enable two-factor authentication.',
  },
  {
    name: 'waits for approval',
    text: 'Your account is pending approval from your administrator and hence blocked.',
    hint: 'Have an administrator of the server approve the account.',
  },
  {
    name: 'is deactivated',
    text: 'Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at https://gitlab.com',
    hint: 'The account is deactivated; have its owner sign in once to activate it.',
  },
  {
    name: 'has not accepted the terms',
    text: `You (@${canary}) must accept the Terms of Service in order to perform this action.`,
    hint: 'Have the owner of the token sign in and accept the terms of service.',
  },
  {
    name: 'has not confirmed an address',
    text: 'Your primary email address is not confirmed. Please check your inbox for the confirmation instructions.',
    hint: 'Have the owner of the token confirm the e-mail address of the account.',
  },
  {
    name: 'has an expired password',
    text: 'Your password expired. Please access GitLab from a web browser to update your password.',
    hint: "The owner's password has expired; sign in and set a new one.",
  },
  {
    name: 'is refused for a reason that is not known here',
    text: `This action cannot be performed by ${canary}`,
    hint: 'Check the state of the account that owns the token, and what the administrators of the server forbid.',
  },
];

const rowsAt = (host: string): CatalogueRow[] => {
  const base = host === 'gitlab.com' ? 'https://gitlab.com' : `https://${host}/gitlab`;
  const form = `(a personal one at ${base}/-/user_settings/personal_access_tokens?name=CodeMie&scopes=api)`;
  const wrong = `${host} says that it got no valid token in place of the token. It is invalid or opens no API (a deploy token needs its own username, and a private project under validation.repositories), or a proxy in front of GitLab removes the header Authorization; else create a new token ${form} and store it in that Secret.`;
  const expired = `The token has expired at ${host}. Create a new token ${form} and store it in that Secret.`;
  const wait = `${host} asks for fewer calls with this credential. The operator retries when GitLab allows; if this recurs, share the credential with fewer programs.`;
  const notTheApi = `${host} does not answer as the API of GitLab does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.`;
  const fineGrained = 'https://docs.gitlab.com/auth/tokens/fine_grained_access_tokens/';
  const granular = (text: string): Fault =>
    oauth(403, 'insufficient_granular_scope', `Access denied: ${text}`);
  const cannotRead = (hint: string): string =>
    `The token cannot read the repository group/app, or it does not exist. ${hint}`;
  const stranger = (status: number): string =>
    `The request to ${host} was refused with status ${status}, in an answer that does not look like one of GitLab. Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.`;
  const unexplained = (status: number): string =>
    `GitLab at ${host} refused the request with status ${status}, for a reason that is not known here. The operator retries; if this persists, check url and the status page of the server.`;
  const unreachable =
    'The token cannot read the repository group/app, or it does not exist. Give the token and its owner access to it, or correct the full path; an IP restriction of its group looks the same.';

  return [
    { name: 'unknown', answer: unauthorized(), reason: 'Unauthorized', says: wrong, again: 'recheck' },
    {
      name: 'unknown, and its known end has passed: expired tokens are deleted in time',
      answer: unauthorized(),
      change: { knownExpiresAt: '2020-01-01T00:00:00Z' },
      reason: 'Expired',
      says: expired,
      again: 'person',
    },
    {
      name: 'reported by the server',
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
      name: 'reported by the server',
      answer: oauth(401, 'invalid_token', 'Token was revoked. You have to re-authorize from the user.'),
      reason: 'Revoked',
      says: `The token was revoked at ${host}. Find out who revoked it, then create a new token ${form} and store it in that Secret.`,
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
      says: `${host} refuses the ${hint.startsWith('Check') ? 'token, or its owner' : 'owner of the token'}. ${hint}`,
      again: hint.startsWith('Check') ? ('recheck' as const) : ('person' as const),
    })),
    {
      name: 'a project that is hidden, absent, or of a group that restricts addresses',
      about: 'repository',
      answer: refuse(404, '404 Project Not Found'),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'recheck',
      calls: 3,
    },
    {
      name: 'a project of a group that takes fine-grained tokens only, for a classic one',
      about: 'repository',
      answer: granular(
        'This operation requires a fine-grained personal access token with the following project permissions: [Project: Read].',
      ),
      reason: 'RepositoryNotAccessible',
      says: cannotRead(
        `A group above group/app takes fine-grained tokens only: create one with the permission Project: Read, or have the owner of the group allow legacy tokens: ${fineGrained}`,
      ),
      again: 'person',
      calls: 3,
    },
    {
      name: 'a project that a fine-grained token is not made for',
      about: 'repository',
      credential: { kind: 'token', token: 'glpat-granular' },
      answer: granular('Your Personal Access Token lacks the required permissions: [Project: Read].'),
      reason: 'RepositoryNotAccessible',
      says: cannotRead(
        `Create a new fine-grained token with the permission Project: Read for group/app, because GitLab can't change a token: ${fineGrained}`,
      ),
      again: 'person',
      calls: 3,
    },
    {
      name: 'projects that no fine-grained token may read there',
      about: 'repository',
      credential: { kind: 'token', token: 'glpat-granular' },
      answer: granular("This operation doesn't support fine-grained personal access tokens."),
      reason: 'RepositoryNotAccessible',
      says: cannotRead(
        "This GitLab doesn't let fine-grained tokens read projects; use a legacy token with the scope api.",
      ),
      again: 'person',
      calls: 3,
    },
    {
      name: 'fine-grained tokens are turned off',
      answer: granular('Fine-grained personal access tokens are not yet supported.'),
      reason: 'Unauthorized',
      says: `${host} has fine-grained personal access tokens turned off, and the token is one. Use a legacy personal, project or group access token with the scope api, or have an administrator turn them on: ${fineGrained}`,
      again: 'person',
    },
    {
      name: 'a project that a token cannot read after all',
      about: 'repository',
      answer: oauth(403, 'insufficient_scope', 'The request requires higher privileges than provided'),
      reason: 'RepositoryNotAccessible',
      says: cannotRead(
        `GitLab can't add scopes to a token: create a new token ${form} with the scope api and store it in that Secret.`,
      ),
      again: 'person',
      calls: 3,
    },
    ...[undefined, 'repository' as const].map((about) => ({
      name: `the address of the cluster is banned${about ? ', when a project is asked for' : ''}`,
      ...(about && { about, calls: 3 }),
      answer: { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Forbidden\n' },
      reason: 'AddressNotAllowed' as const,
      says: `${host}, or something in front of it, forbids requests from the address of this cluster. GitLab does so for an hour after several failed sign-ins, and the operator retries every ten minutes; if it lasts, allow the cluster's outgoing address in GitLab (Rack Attack) or in the gateway.`,
      again: 600,
    })),
    ...[401, 403].map((status) => ({
      name: `a gateway's own ${status}`,
      answer: { status, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError' as const,
      says: stranger(status),
      again: 'backoff' as const,
    })),
    ...[
      { error: 'invalid_token', error_description: `The token is expired ${canary}` },
      { message: 'Unauthorized' },
    ].map((body) => ({
      name: `a gateway's own 401 in JSON, with ${Object.keys(body).join(' and ')}`,
      answer: { status: 401, body },
      reason: 'ProviderError' as const,
      says: stranger(401),
      again: 'backoff' as const,
    })),
    {
      name: "a gateway's own 404 where a project is asked for",
      about: 'repository',
      answer: { status: 404, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
      calls: 3,
    },
    {
      name: 'a refusal by GitLab for an unknown reason',
      answer: { ...refuse(409, `409 Conflict ${canary}`), headers: { 'x-gitlab-meta': canary } },
      reason: 'ProviderError',
      says: unexplained(409),
      again: 'backoff',
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
      name: 'the limits inside the application, which name no time',
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
      says: stranger(403),
      again: 'backoff',
    },
    {
      name: 'a gateway before the server',
      answer: { status: 502, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: `${host} answered with a server error. The operator retries; if this persists, check the status page of GitLab or the server.`,
      again: 'backoff',
    },
    {
      name: 'no such endpoint, old and new alike',
      answer: { status: 404, body: { error: `404 Not Found ${canary}` } },
      reason: 'ProviderError',
      says: unexplained(404),
      again: 'backoff',
      calls: 2,
    },
  ];
};

describe('a GitLab token fails', () => {
  for (const webUrl of ['https://gitlab.com', 'https://git.example.com/gitlab']) {
    const peer = createGitLab({ url: webUrl });
    peer.addToken({ token: 'glpat-catalogue' });
    peer.addToken({
      token: 'glpat-granular',
      permissions: ['Personal Access Token: Read', 'User: Read'],
    });
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
