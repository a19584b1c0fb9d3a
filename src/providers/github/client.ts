import type { Octokit } from '@octokit/rest';
import { z } from 'zod';
import { type Answer, fromParts } from '../answer.ts';
import { transportFailure } from '../failures.ts';
import type { Credential, Target } from '../provider.ts';
import { baseOf } from '../urls.ts';
import { signAppJwt } from './app-jwt.ts';
import { clockSkewMs } from './clock.ts';

/** Octokit warns on the console by itself, with paths and remote texts; our callers report what matters. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Supported until at least 2028 and the oldest that Enterprise Servers know: https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const apiVersion = '2022-11-28';

/**
 * An Octokit for one validation, without the plug-ins that retry or wait: the work queue does that. Every call goes
 * through the target's HTTP client. The libraries are loaded when the first of their credentials is proven: a process
 * without any does not keep them in memory.
 */
export async function createOctokit(credential: Credential, target: Target): Promise<Octokit> {
  const { Octokit } = await import('@octokit/rest');
  const authentication =
    credential.kind === 'token'
      ? { auth: credential.token, fetch: target.http.fetch }
      : await appAuthentication(credential, target);
  const { fetch, ...auth } = authentication;
  const octokit = new Octokit({
    baseUrl: baseOf(target.apiUrl),
    userAgent: 'codemie-git-operator',
    log: silent,
    request: { fetch, signal: target.signal, log: silent },
    ...auth,
  });
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = apiVersion;
  });
  return octokit;
}

/**
 * Signs every request as the App. auth-app knows which requests those are and throws for any other, so no installation
 * token is ever minted: simultaneous mints of two tenants would share one token
 * (https://github.com/octokit/auth-app.js/pull/689). It also repeats a request once if GitHub refuses the times of the
 * JWT. We sign by the clock that the server's `Date` headers show, because our host's clock may be wrong.
 */
async function appAuthentication(credential: Extract<Credential, { kind: 'githubApp' }>, target: Target) {
  const { createAppAuth } = await import('@octokit/auth-app');
  let skewMs = 0;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await target.http.fetch(input, init);
    skewMs = clockSkewMs((name) => response.headers.get(name) ?? undefined, target.now());
    return response;
  };
  const createJwt = (): Promise<{ jwt: string; expiresAt: string }> =>
    signAppJwt({
      issuer: credential.appId,
      privateKey: credential.privateKey,
      nowMs: target.now() + skewMs,
    });
  return {
    fetch,
    authStrategy: createAppAuth,
    auth: { appId: credential.appId, createJwt, log: silent },
  };
}

const answeredSchema = z.object({
  response: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.unknown()),
    data: z.unknown(),
  }),
});

/**
 * Makes one call and gives its answer, whatever its status. Throws the signal's reason or a ProviderError if there is no
 * answer. Octokit's own errors end here: they hold the remote body.
 */
export async function ask(
  call: Promise<{ status: number; headers: Record<string, unknown>; data: unknown }>,
  target: Target,
): Promise<Answer> {
  try {
    return fromParts(await call);
  } catch (error) {
    // Without a response the failure is ours, though Octokit gives it the status 500.
    const answered = answeredSchema.safeParse(error);
    if (!answered.success) throw transportFailure(error, target);
    return fromParts(answered.data.response);
  }
}
