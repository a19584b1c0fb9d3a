import { z } from 'zod';
import { type Answer, fromParts } from '../answer.ts';
import { basic } from '../authorization.ts';
import { transportFailure } from '../failures.ts';
import type { Target } from '../provider.ts';
import { baseOf } from '../urls.ts';

/** The few endpoints that are asked. Each gives an answer of any status; without one it throws, as `transportFailure` says. */
export interface GitLabClient {
  /** `GET /personal_access_tokens/self` */
  token(): Promise<Answer>;
  /** `GET /user` */
  user(): Promise<Answer>;
  /** `GET /projects/:id` by full path */
  project(path: string): Promise<Answer>;
  /** The first request of a clone, as that user with the token, or as nobody. The body is left out. */
  clone(path: string, username: string | undefined): Promise<Answer>;
}

/**
 * A client for one validation: gitbeaker's endpoints over our transport. Its own transport sends the token to redirect
 * targets, keeps it in printed errors, repeats ten times within a second, and drops the text that tells an expired token
 * from a revoked one.
 *
 * The token goes as `Authorization: Bearer`, which GitLab takes for OAuth and for personal tokens alike, so that one call
 * tells which it is. https://docs.gitlab.com/api/rest/authentication/
 *
 * The library is loaded when the first token is proven: a process without any does not keep it in memory.
 */
export async function createGitLabClient(token: string, target: Target): Promise<GitLabClient> {
  const { PersonalAccessTokens, Projects, Users } = await import('@gitbeaker/rest');
  const options = {
    oauthToken: token,
    requesterFn: await requesterOver(target),
    // The target's signal and the HTTP client are the deadline.
    queryTimeout: null,
    rateLimits: {},
  };
  const tokens = new PersonalAccessTokens(options);
  const users = new Users(options);
  const projects = new Projects(options);
  const ask = async (call: Promise<{ status: number; headers: Record<string, unknown>; data: unknown }>) => {
    try {
      return fromParts(await call);
    } catch (error) {
      throw transportFailure(error, target);
    }
  };
  return {
    token: () => ask(tokens.show({ showExpanded: true })),
    user: () => ask(users.showCurrentUser({ showExpanded: true })),
    project: (path) => ask(projects.show(path, { showExpanded: true })),
    clone: (path, username) => startClone(path, username && basic(username, token), target),
  };
}

/**
 * Git's discovery of references, in version 2 of the protocol, which lists none of them yet: the answer is small.
 * https://git-scm.com/docs/gitprotocol-http and https://git-scm.com/docs/gitprotocol-v2
 */
async function startClone(path: string, authorization: string | undefined, target: Target): Promise<Answer> {
  const repository = path.split('/').map(encodeURIComponent).join('/');
  try {
    const { status, headers, text } = await target.http.request({
      url: `${baseOf(target.webUrl)}/${repository}.git/info/refs?service=git-upload-pack`,
      headers: { 'git-protocol': 'version=2', ...(authorization !== undefined && { authorization }) },
      accept: 'any',
      signal: target.signal,
    });
    return { status, header: (name) => headers.get(name), body: undefined, ...(text && { text }) };
  } catch (error) {
    throw transportFailure(error, target);
  }
}

const requestSchema = z.object({
  method: z.string(),
  headers: z.record(z.string(), z.string()),
  searchParams: z.string().optional(),
});

/** None of the endpoints answers with a list, and gitbeaker would read on at a list's next pages. */
const bodySchema = z.record(z.string(), z.unknown()).nullable().catch(null);

/** Below `apiUrl`, whatever gitbeaker thinks the base is: it knows no other than `/api/v4`. */
async function requesterOver(target: Target) {
  const { createRequesterFn } = await import('@gitbeaker/requester-utils');
  return createRequesterFn(
    (_resource, request) => Promise.resolve(request),
    async (endpoint, options) => {
      const { method, headers, searchParams } = requestSchema.parse(options);
      const query = searchParams === undefined ? '' : `?${searchParams}`;
      const response = await target.http.request({
        method,
        url: `${baseOf(target.apiUrl)}/${endpoint}${query}`,
        headers,
        signal: target.signal,
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers.entries()),
        body: response.text ?? bodySchema.parse(response.body),
      };
    },
  );
}
