import { describe } from 'vitest';
import { createAzureDevOps } from '../../../test/harness/peers/azure-devops/azure-devops.ts';
import * as azure from '../../../test/harness/peers/azure-devops/errors.ts';
import type { Fault } from '../../../test/harness/peers/git-hosts/faults.ts';
import { type CatalogueRow, describeCatalogue } from '../testing/catalogue.ts';
import { canary } from '../testing/world.ts';
import { azureDevOps } from './azure-devops.ts';

const nobody = (id: string, descriptor = canary) => ({
  status: 200,
  body: { authenticatedUser: { id, descriptor, providerDisplayName: canary } },
});

const said = (status: number, message: string): Fault => ({
  status,
  body: { $id: '1', message: `${message} ${canary}`, typeKey: 'UnauthorizedRequestException' },
});

const rowsAt = (host: string): CatalogueRow[] => {
  const base = host === 'dev.azure.com' ? `https://${host}/acme` : `https://${host}/tfs/acme`;
  const form = `with the scope Code (Read & write) at ${base}/_usersSettings/tokens`;
  const wrong = `${host} rejected the token. It is invalid, expired, revoked, or of another organization, and Azure DevOps doesn't say which; create a new token ${form} and store it in that Secret.`;
  const expired = `The token has expired at ${host}. Create a new token ${form} and store it in that Secret.`;
  const wait = `${host} asks for fewer calls with this credential. The operator retries when Azure DevOps allows; if this recurs, share the credential with fewer programs.`;
  const unreachable =
    'The token cannot read the repository shop/web, or it does not exist. Give the token the scope Code (Read), and its owner access, or correct it: project/repository, a blank in a name written as %20.';
  const stranger = (status: number): string =>
    `The request to ${host} was refused with status ${status}, in an answer that does not look like one of Azure DevOps. Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.`;
  const notTheApi = `${host} does not answer as the API of Azure DevOps does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.`;

  return [
    {
      name: 'wrong, revoked or of another organization: an empty 401',
      answer: azure.unauthorized(`https://dev.azure.com/${canary}`),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'the same in words',
      answer: azure.notAuthorized(),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'the sign-in page',
      answer: azure.signInPage(),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'taken for an anonymous caller, by an organization with public projects',
      answer: nobody('aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'taken for an anonymous caller, by a server',
      answer: nobody('00000000-0000-0000-0000-000000000000'),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'taken for the public, whatever its id',
      answer: nobody('f3a1', `System:PublicAccess;${canary}`),
      reason: 'Unauthorized',
      says: wrong,
      again: 'recheck',
    },
    {
      name: 'of an owner who has lost access',
      answer: said(403, 'TF50309: The following account does not have sufficient permissions'),
      reason: 'Unauthorized',
      says: `${host} refuses the owner of the token. Check that the account is a member of the organization and has an access level there, and that no policy forbids its tokens.`,
      again: 'recheck',
    },
    {
      name: 'of an owner who never signed in',
      answer: said(403, 'TF401444: Please sign-in at least once in a web browser'),
      reason: 'Unauthorized',
      says: `${host} refuses the owner of the token. Have the owner sign in there once with a browser; tokens of the account work after that.`,
      again: 'person',
    },
    {
      name: 'a throttle that comes as 503',
      answer: {
        ...said(503, 'TF400733: The request has been canceled: Request was blocked due to exceeding usage'),
        headers: { 'x-tfs-processid': canary, 'retry-after': '30', 'content-type': 'application/json' },
      },
      reason: 'RateLimited',
      says: wait,
      again: 30,
    },
    {
      name: 'reported by the server',
      answer: azure.expired(),
      reason: 'Expired',
      says: expired,
      again: 'person',
    },
    {
      name: 'not reported, and its known end has passed',
      answer: azure.unauthorized(canary),
      change: { knownExpiresAt: '2020-01-01T00:00:00Z' },
      reason: 'Expired',
      says: expired,
      again: 'person',
    },
    {
      name: 'a conditional access policy',
      answer: azure.addressRefused(),
      reason: 'AddressNotAllowed',
      says: `A conditional access policy keeps the address of this cluster out of ${host}. Add the cluster's outgoing address to the locations that the policy allows, in Microsoft Entra ID.`,
      again: 'person',
    },
    {
      name: 'no such organization',
      answer: azure.notFoundPage(),
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    {
      name: 'no such organization, in an answer that is Azure’s own',
      answer: {
        ...azure.notFoundPage(),
        headers: { 'x-tfs-processid': canary, 'content-type': 'text/html' },
      },
      reason: 'ProviderError',
      says: `${host} has no organization or collection at this address. Correct url: https://dev.azure.com/<organization>, or the address of a collection on a server.`,
      again: 'backoff',
    },
    {
      name: 'a repository that is absent or hidden',
      about: 'repository',
      answer: azure.noSuchRepository(canary),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'recheck',
    },
    {
      name: 'a repository of a project that is absent',
      about: 'repository',
      answer: azure.noSuchProject(canary),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'recheck',
    },
    {
      name: 'a repository without the scope',
      about: 'repository',
      answer: azure.unauthorized(canary),
      reason: 'RepositoryNotAccessible',
      says: unreachable,
      again: 'recheck',
    },
    {
      name: 'too much of a resource, with a time',
      answer: azure.throttled({ retryAfterS: 35 }),
      reason: 'RateLimited',
      says: wait,
      again: 35,
    },
    {
      name: 'too much of a resource, without a time',
      answer: azure.throttled(),
      reason: 'RateLimited',
      says: wait,
      again: 60,
    },
    {
      name: 'a firewall before the server',
      answer: { status: 403, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: stranger(403),
      again: 'backoff',
    },
    {
      name: "a gateway's own 401",
      answer: {
        status: 401,
        headers: { 'content-type': 'text/html', 'www-authenticate': `Basic realm="${canary}"` },
        body: `<html>${canary}</html>`,
      },
      reason: 'ProviderError',
      says: stranger(401),
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
    ...[undefined, 'repository' as const].map((about) => ({
      name: `an organization that was stopped${about ? ', when a repository is asked for' : ''}`,
      ...(about && { about }),
      answer: azure.stopped(canary),
      reason: 'OrganizationStopped' as const,
      says: `The organization or collection on ${host} is stopped, so it rejects all requests. An administrator of the server starts the collection again; on dev.azure.com, ask the support of Azure DevOps.`,
      again: 'person' as const,
    })),
    {
      name: 'an outage',
      answer: { status: 503, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: `${host} answered with a server error. The operator retries; if this persists, check the status page of Azure DevOps or the server.`,
      again: 'backoff',
    },
  ];
};

describe('a token of Azure DevOps fails', () => {
  for (const url of ['https://dev.azure.com', 'https://ado.example.com/tfs']) {
    const peer = createAzureDevOps({ url });
    peer.addToken({ token: 'azure-catalogue' });
    peer.addRepository({ fullName: 'acme/shop/web' });
    describeCatalogue({
      provider: azureDevOps,
      peer,
      webUrl: `${url}/acme`,
      credential: { kind: 'token', token: 'azure-catalogue' },
      repository: 'shop/web',
      repositoryRequest: /\/_apis\/git\/repositories\/web\?/,
      rows: rowsAt(new URL(url).host),
    });
  }
});
