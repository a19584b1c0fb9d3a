import { z } from 'zod';
import type { Answer } from '../answer.ts';
import { basic, createClient, type ProviderClient } from '../client.ts';
import type { Target } from '../provider.ts';
import { baseOf } from '../urls.ts';
import { banVerdict, verdict } from './gitlab-verdict.ts';
import { personalTokenPage } from './scopes.ts';

/** The few endpoints of GitLab that are called. Each gives an answer of any status. */
export interface GitLabApi {
  client: ProviderClient;
  /** `GET /personal_access_tokens/self` */
  token(): Promise<Answer>;
  /** `GET /user` */
  user(): Promise<Answer>;
  /** `GET /projects/:id` by full path */
  project(path: string): Promise<Answer>;
  /** The first request of a clone, as that user with the token, or anonymously. The body is left out. */
  clone(path: string, username: string | undefined): Promise<Answer>;
}

/**
 * gitbeaker's resources over our client. Its own transport sends the token to redirect targets, keeps it in printed
 * errors, repeats ten times within a second, and drops the text that distinguishes an expired token from a revoked one.
 *
 * The token goes as `Authorization: Bearer`, which GitLab takes for OAuth and for personal tokens alike, so that one call
 * says which it is. https://docs.gitlab.com/api/rest/authentication/
 *
 * The library is loaded when the first token is validated: a process without any does not keep it in memory.
 */
export async function createGitLabApi(token: string, target: Target): Promise<GitLabApi> {
  const { PersonalAccessTokens, Projects, Users } = await import('@gitbeaker/rest');
  const newTokenAt = `(a personal one at ${personalTokenPage(baseOf(target.webUrl))})`;
  const client = createClient({ name: 'GitLab', newTokenAt, verdict, verdictBeforeApi: banVerdict }, target);
  const options = {
    oauthToken: token,
    requesterFn: await requesterOver(client),
    // The target's signal and the HTTP client are the deadline.
    queryTimeout: null,
    rateLimits: {},
  };
  const tokens = new PersonalAccessTokens(options);
  const users = new Users(options);
  const projects = new Projects(options);
  return {
    client,
    token: () => client.answerTo(() => tokens.show()),
    user: () => client.answerTo(() => users.showCurrentUser()),
    project: (path) => client.answerTo(() => projects.show(path)),
    clone: (path, username) => startClone(client, path, username && basic(username, token)),
  };
}

/**
 * Git's discovery of references, in version 2 of the protocol, which lists none of them yet: the answer is small.
 * https://git-scm.com/docs/gitprotocol-http and https://git-scm.com/docs/gitprotocol-v2
 */
async function startClone(
  client: ProviderClient,
  path: string,
  authorization: string | undefined,
): Promise<Answer> {
  const repository = path.split('/').map(encodeURIComponent).join('/');
  return client.get(`${repository}.git/info/refs?service=git-upload-pack`, {
    base: client.target.webUrl,
    headers: { 'git-protocol': 'version=2', ...(authorization !== undefined && { authorization }) },
    accept: 'any',
  });
}

const requestSchema = z.object({
  method: z.literal('GET'),
  headers: z.record(z.string(), z.string()),
  searchParams: z.string().optional(),
});

/**
 * Below `apiUrl`, whatever gitbeaker thinks the base is: it knows no other than `/api/v4`. It gets an empty answer, because
 * it would read on at a list's next pages, and `answerTo` has the real one.
 */
async function requesterOver(client: ProviderClient) {
  const { createRequesterFn } = await import('@gitbeaker/requester-utils');
  return createRequesterFn(
    (_resource, request) => Promise.resolve(request),
    async (endpoint, options) => {
      const { headers, searchParams } = requestSchema.parse(options);
      const query = searchParams === undefined ? '' : `?${searchParams}`;
      const { status } = await client.get(`${endpoint}${query}`, { headers });
      return { status, headers: {}, body: {} };
    },
  );
}
