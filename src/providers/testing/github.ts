import { generateKeyPairSync } from 'node:crypto';
import type { Fault } from '../../../test/harness/peers/git-hosts/faults.ts';
import { refuse, type SiteOptions } from '../../../test/harness/peers/github/site.ts';
import { type CatalogueRow, nowS } from './catalogue.ts';
import { canary } from './world.ts';

/** The three ways in which there is a GitHub: the cloud, data residency, and a self-managed server. */
export const sites: readonly { host: string; peer: SiteOptions }[] = [
  { host: 'github.com', peer: {} },
  { host: 'acme.ghe.com', peer: { host: 'acme.ghe.com' } },
  {
    host: 'github.example.com',
    peer: { host: 'github.example.com', enterpriseServer: { version: '3.19.1' } },
  },
];

/** A new RSA key as PEM; PKCS#1 is how GitHub hands them out. */
export function newKey(type: 'pkcs1' | 'pkcs8' = 'pkcs1'): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type, format: 'pem' })
    .toString();
}

/** A refusal with GitHub's text. Its author puts the canary where names would be. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Fault {
  return refuse(status, message, headers, `https://docs.github.com/${canary}`);
}

/** What is said of tokens and Apps alike, at a host. */
export function sentencesOf(host: string) {
  const wait = `${host} asks for fewer calls with this credential. The operator retries when GitHub allows; if this recurs, share the credential with fewer programs.`;
  return {
    wait,
    unreachable:
      "The token cannot read the repository acme/shop, or it does not exist. Give the token's account access to it and the token the scope repo, or correct the name.",
    unexplained: (status: number) =>
      `GitHub at ${host} refused the request with status ${status}, for a reason that is not known here. The operator retries; if this persists, check url and the status page of the server.`,
    stranger: (status: number) =>
      `The request to ${host} was refused with status ${status}, in an answer that does not look like one of GitHub. Either a gateway, proxy or sign-in page in front of it rejected the request, or the server rejected the credential and something removed its headers; the operator retries.`,
    serverFault: `${host} answered with a server error. The operator retries; if this persists, check the status page of GitHub or the server.`,
    notTheApi: `${host} does not answer as the API of GitHub does. Check url and apiURL, and whether a sign-in page or a proxy stands before the API.`,
    limited: (status: number): CatalogueRow => ({
      name: `the budget of calls is used up, as ${status}`,
      answer: refusal(status, `API rate limit exceeded for user ID 1 (${canary}).`, {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(nowS + 900),
      }),
      reason: 'RateLimited',
      says: wait,
      again: 900,
    }),
  };
}
