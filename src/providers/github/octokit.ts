import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Octokit } from '@octokit/rest';
import { durations } from '../../lib/durations.ts';
import { parseHttpDate, rfc3339 } from '../../lib/time.ts';
import type { ProviderClient } from '../client.ts';
import type { Credential, Target } from '../provider.ts';
import { baseOf } from '../urls.ts';

/** By default Octokit warns on the console, with paths and remote texts; our callers report what matters. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Supported until at least 2028 and the oldest that Enterprise Servers know: https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const apiVersion = '2022-11-28';

/** Octokit's typed routes over our client, whose `answerTo` gives the answers. */
export interface GitHubApi {
  client: ProviderClient;
  octokit: Octokit;
}

/**
 * An Octokit for one validation, without the plug-ins that retry or wait: the work queue does that. The libraries are
 * loaded when the first of their credentials is validated: a process without any does not keep them in memory.
 */
export async function createGitHubApi(credential: Credential, client: ProviderClient): Promise<GitHubApi> {
  const { Octokit } = await import('@octokit/rest');
  const { fetch, ...auth } =
    credential.kind === 'token'
      ? { auth: credential.token, fetch: client.fetch }
      : await appAuthentication(credential, client);
  const octokit = new Octokit({
    baseUrl: baseOf(client.target.apiUrl),
    userAgent: 'codemie-git-operator',
    log: silent,
    request: { fetch, signal: client.target.signal, log: silent },
    ...auth,
  });
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = apiVersion;
  });
  return { client, octokit };
}

/**
 * Signs every request as the App. auth-app knows which requests those are and throws for any other, so no installation
 * token is ever minted: simultaneous mints of two tenants would share one token
 * (https://github.com/octokit/auth-app.js/pull/689). It also repeats a request once if GitHub refuses the times of the
 * JWT. We sign by the clock that the server's `Date` headers show, because our host's clock may be wrong.
 */
async function appAuthentication(
  { appId, privateKey }: Extract<Credential, { kind: 'githubApp' }>,
  client: ProviderClient,
) {
  const { createAppAuth } = await import('@octokit/auth-app');
  const { now }: Target = client.target;
  let skewMs = 0;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await client.fetch(input, init);
    skewMs = clockSkewMs((name) => response.headers.get(name) ?? undefined, now());
    return response;
  };
  const createJwt = () => signAppJwt({ issuer: appId, privateKey, nowMs: now() + skewMs });
  return { fetch, authStrategy: createAppAuth, auth: { appId, createJwt, log: silent } };
}

/** Clocks differ: GitHub advises to date the token a minute back. */
const backdatedS = 60;
/** GitHub takes up to ten minutes; half of it leaves room for a clock that is ahead. */
const lifetimeS = 5 * 60;

/** On the thread pool: with the longest key that is accepted, a signature takes a quarter of a second. */
const signAside = promisify(sign);

/**
 * A JWT by which a GitHub App authenticates: RS256, whole seconds, valid from one minute ago for the next five.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export async function signAppJwt(options: { issuer: string; privateKey: string; nowMs: number }): Promise<{
  jwt: string;
  /** RFC 3339. */
  expiresAt: string;
}> {
  const nowS = Math.floor(options.nowMs / 1000);
  const exp = nowS + lifetimeS;
  const signed = [
    { alg: 'RS256', typ: 'JWT' },
    { iat: nowS - backdatedS, exp, iss: options.issuer },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = await signAside('sha256', Buffer.from(signed), options.privateKey);
  return { jwt: `${signed}.${signature.toString('base64url')}`, expiresAt: rfc3339(exp * 1000) };
}

/** Smaller differences are the way to the server, and that `Date` has no more than whole seconds. */
const noticeableMs = durations.providers.clockSkewMs;

/**
 * By how much a server's clock is ahead of ours by the headers of an answer, in milliseconds; 0 if it is less than half a
 * minute, or not reported. `Age` is how long a cache has kept the answer: https://www.rfc-editor.org/rfc/rfc9111#section-5.1
 */
export function clockSkewMs(header: (name: string) => string | undefined, nowMs: number): number {
  const dateMs = parseHttpDate(header('date'));
  if (dateMs === undefined) return 0;
  const age = header('age') ?? '';
  const skewMs = dateMs + (/^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0) - nowMs;
  return Math.abs(skewMs) > noticeableMs ? skewMs : 0;
}
