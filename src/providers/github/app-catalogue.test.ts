import { describe } from 'vitest';
import { secondaryLimit, serviceUnavailable } from '../../../test/harness/peers/github/failures.ts';
import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import { type CatalogueRow, describeCatalogue } from '../testing/catalogue.ts';
import { newKey, refusal, sentencesOf, sites } from '../testing/github.ts';
import { canary } from '../testing/world.ts';
import { github } from './github.ts';

const keysPage =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps';

const rowsAt = (host: string): CatalogueRow[] => {
  const { limited, wait, serverFault, notTheApi, unexplained, stranger } = sentencesOf(host);
  const undecodable = `${host} knows no key of GitHub App 12 that matches the private key. Compare its fingerprint with the keys on the App's settings page (under https://${host}/settings/apps or the settings of the organization), or correct auth.githubApp.appID: ${keysPage}`;
  const clock = `${host} refuses the times of the App's token. Set the clock of the node that runs the operator; it is wrong by more than a minute.`;
  const addresses = `The organization on ${host} has an IP allow list without the address of this cluster. Add the cluster's outgoing address to the list.`;
  return [
    {
      name: 'no key of the App has signed it',
      answer: refusal(401, `A JSON web token could not be decoded ${canary}`),
      reason: 'KeyAppMismatch',
      says: undecodable,
      again: 'recheck',
    },
    {
      name: 'the App has no key',
      answer: refusal(401, 'Integration must generate a public key'),
      reason: 'KeyAppMismatch',
      says: undecodable,
      again: 'recheck',
    },
    {
      name: 'there is no such App',
      answer: refusal(404, 'Integration not found'),
      reason: 'KeyAppMismatch',
      says: `${host} has no GitHub App with the App ID 12. Copy the App ID from the settings page of the App; it is neither the client ID nor an installation ID.`,
      again: 'recheck',
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
      says: addresses,
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
    ...[403, 404, 409, 422, 451].map((status) => ({
      name: `a refusal of GitHub's own for an unknown reason, as ${status}`,
      answer: refusal(status, `No reason ${canary}`),
      reason: 'ProviderError' as const,
      says: unexplained(status),
      again: 'backoff' as const,
    })),
    ...[undefined, 'installation' as const].flatMap((about) =>
      [401, 403].map((status) => ({
        name: `a gateway's own ${status}${about ? ' while the installation is looked for' : ''}`,
        ...(about && { about }),
        answer: { status, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
        reason: 'ProviderError' as const,
        says: stranger(status),
        again: 'backoff' as const,
      })),
    ),
    {
      name: "a gateway's own 404 while the installation is looked for",
      about: 'installation',
      answer: { status: 404, headers: { 'content-type': 'text/html' }, body: `<html>${canary}</html>` },
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    ...[
      { name: 'a limit while the installation is looked for', answer: limited(403).answer, again: 900 },
      {
        name: 'a secondary limit while the installation is looked for',
        answer: secondaryLimit({ retryAfterS: 30 }),
        again: 30,
      },
    ].map((row) => ({
      ...row,
      about: 'installation' as const,
      reason: 'RateLimited' as const,
      says: wait,
    })),
    {
      name: 'an outage while the installation is looked for',
      about: 'installation',
      answer: serviceUnavailable(),
      reason: 'ProviderError',
      says: serverFault,
      again: 'backoff',
    },
    {
      name: 'an IP allow list while the installation is looked for',
      about: 'installation',
      answer: refusal(403, `The \`${canary}\` enterprise has an IP allow list enabled.`),
      reason: 'AddressNotAllowed',
      says: addresses,
      again: 'person',
    },
    {
      name: 'a page where an installation should be',
      about: 'installation',
      answer: { status: 200, headers: { 'content-type': 'text/html' }, body: `<p>${canary}` },
      reason: 'ProviderError',
      says: `${github.apiUrl(new URL(`https://${host}`)).host} answered with something else than JSON. Check the URL: it may lead to a web page, or a sign-in page may stand before the API.`,
      again: 'backoff',
    },
    {
      name: 'another object where an installation should be',
      about: 'installation',
      answer: { status: 200, body: { id: canary } },
      reason: 'ProviderError',
      says: notTheApi,
      again: 'backoff',
    },
    {
      name: 'a key that was deleted since the App was validated',
      about: 'installation',
      answer: refusal(401, `A JSON web token could not be decoded ${canary}`),
      reason: 'KeyAppMismatch',
      says: undecodable,
      again: 'recheck',
    },
    {
      name: 'no installation, or one of another App',
      about: 'installation',
      answer: refusal(404, 'Not Found'),
      reason: 'NotFound',
      says: `The App has no installation 100 on ${host}; it is installed for acme. Install it, or correct auth.githubApp.installation: https://docs.github.com/en/apps/using-github-apps/installing-a-github-app-from-a-third-party`,
      again: 'recheck',
      calls: 3,
    },
  ];
};

describe('a GitHub App fails', () => {
  const privateKey = newKey('pkcs1');
  for (const site of sites) {
    const peer = createGitHub(site.peer);
    peer.addApp({ id: 12, privateKey });
    peer.addInstallation({ appId: 12, account: 'acme', id: 100 });
    describeCatalogue({
      provider: github,
      peer,
      webUrl: `https://${site.host}`,
      credential: { kind: 'githubApp', appId: '12', privateKey },
      selector: { by: 'id', id: 100 },
      installationRequest: /\/app\/installations\/100$/,
      rows: rowsAt(site.host),
    });
  }
});
