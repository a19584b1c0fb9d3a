import { createHash, randomUUID } from 'node:crypto';
import { type Answer, type Question, withHeaders } from '../git-hosts/exchange.ts';
import { answerByRoute, type Route } from '../git-hosts/routes.ts';
import { appRoutes, isAppPath } from './app-routes.ts';
import type { AppContext } from './app-tokens.ts';
import { type Caller, identify, tokenHeaders } from './credentials.ts';
import { anonymousKey, type RateLimits } from './rate-limits.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { notFound, refuse, type Site } from './site.ts';
import { ensureAccount, type GitHubState } from './state.ts';
import { userRoutes } from './user-routes.ts';

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const apiVersions = ['2026-03-10', '2022-11-28'];
/** An Enterprise Server knows those that were there at its release. */
const enterpriseApiVersions = ['2022-11-28'];

export interface ApiContext extends AppContext {
  limits: RateLimits;
}

/** The REST API: what all routes have in common, in the order in which GitHub checks it. */
export function createApi(context: ApiContext): (question: Question) => Promise<Answer> {
  const { site, state, limits, now } = context;
  const callerOf = (question: Question): Caller => identify(state, question, now());
  const limitKey = (question: Question): string => limitKeyOf(state, callerOf(question));
  const routes: Route[] = [
    ...appRoutes(context),
    ...userRoutes({ ...context, callerOf, limitKey }),
    ...repositoryRoutes(site, state, callerOf),
  ];

  async function answer(question: Question, path: string): Promise<Answer> {
    const malformed = refuseMalformed(site, question, path);
    if (malformed !== undefined) {
      return malformed;
    }
    if (isAppPath(path)) {
      const told = (await answerByRoute(routes, question, path)) ?? notFound();
      return withHeaders(told, { 'cache-control': 'public, max-age=60, s-maxage=60' });
    }
    const caller = callerOf(question);
    const refusal = refuseCaller(context, caller);
    if (refusal !== undefined) {
      return refusal;
    }
    const counted = site.enterpriseVersion === undefined && path !== '/rate_limit';
    const key = limitKeyOf(state, caller);
    const exceeded = counted ? limits.spend(key, now()) : undefined;
    const told = exceeded ?? (await answerByRoute(routes, question, path)) ?? notFound();
    const conditional = withEntityTag(question, told);
    if (counted && conditional.status === 304) {
      limits.refund(key, now());
    }
    return withHeaders(tellOfToken(caller, conditional), {
      ...(counted ? limits.headers(key, now()) : {}),
      'cache-control':
        caller.kind === 'token' ? 'private, max-age=60, s-maxage=60' : 'public, max-age=60, s-maxage=60',
      vary: 'Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With',
    });
  }

  return async (question) => {
    const told = await answer(question, question.path.slice(site.apiPrefix.length));
    return withHeaders(told, {
      server: 'GitHub.com',
      'x-github-media-type': 'github.v3; format=json',
      'x-github-request-id': randomUUID(),
      'x-github-api-version-selected': question.header('x-github-api-version') ?? '2022-11-28',
      // https://docs.github.com/enterprise-server/rest/enterprise-admin
      ...(site.enterpriseVersion === undefined
        ? {}
        : { 'x-github-enterprise-version': `enterprise-server@${site.enterpriseVersion}` }),
    });
  };
}

function refuseMalformed(site: Site, question: Question, path: string): Answer | undefined {
  if ((question.header('user-agent') ?? '') === '') {
    // https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
    return refuse(
      403,
      'Missing or invalid User Agent string. See https://docs.github.com/rest#user-agent-required',
    );
  }
  const version = question.header('x-github-api-version');
  const versions = site.enterpriseVersion === undefined ? apiVersions : enterpriseApiVersions;
  if (version !== undefined && !versions.includes(version)) {
    // https://github.com/expipiplus1/update-nix-fetchgit/issues/79
    return refuse(
      400,
      `Bad Request: The version you specified in the "X-GitHub-API-Version" request header, "${version}", is not a supported version.`,
    );
  }
  // https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource
  return path.endsWith('/') && path !== '/' ? notFound() : undefined;
}

function refuseCaller(context: ApiContext, caller: Caller): Answer | undefined {
  if (caller.kind === 'bad') {
    return refuse(401, 'Bad credentials');
  }
  if (caller.kind === 'anonymous') {
    // https://github.com/octokit/octokit.js/issues/2709
    return context.site.privateMode ? refuse(401, 'Must authenticate to access this API.') : undefined;
  }
  // https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/16638
  return ensureAccount(context.state, caller.token.login).suspended
    ? refuse(403, 'Sorry. Your account was suspended')
    : undefined;
}

function limitKeyOf(state: GitHubState, caller: Caller): string {
  if (caller.kind !== 'token') {
    return anonymousKey;
  }
  const { installationId, login } = caller.token;
  return installationId === undefined
    ? `user ID ${ensureAccount(state, login).id}`
    : `installation ID ${installationId}`;
}

/**
 * Weak tags of the body; an unchanged one answers 304 without a body. None of the 304s in GitHub's responses
 * recorded in PyGithub's test suite repeats `x-oauth-scopes` (`Repository.testRepoVariables`), and a change of
 * scopes alone need not change the body.
 */
function withEntityTag(question: Question, answer: Answer): Answer {
  if (question.method !== 'GET' || answer.status !== 200) {
    return answer;
  }
  const etag = `W/"${createHash('sha256').update(JSON.stringify(answer.body)).digest('hex')}"`;
  const known = (question.header('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  return known.includes(etag) || known.includes(etag.slice(2))
    ? { status: 304, headers: { etag } }
    : withHeaders(answer, { etag });
}

/**
 * What the headers say about the token. The routes say what they accept of fine-grained tokens and installations; only
 * those are shown.
 */
function tellOfToken(caller: Caller, answer: Answer): Answer {
  const { 'x-accepted-github-permissions': accepted = '', ...headers } = answer.headers ?? {};
  const plain = { ...answer, headers };
  return caller.kind === 'token' && answer.status !== 304
    ? withHeaders(plain, tokenHeaders(caller.token, accepted))
    : plain;
}
