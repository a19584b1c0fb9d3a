import type { Answer } from '../git-hosts/exchange.ts';
import type { Route, RoutedQuestion } from '../git-hosts/routes.ts';
import { accountBody, repositoryBody, userBody } from './bodies.ts';
import type { Caller } from './credentials.ts';
import { page } from './pages.ts';
import { needsSingleSignOn } from './policies.ts';
import type { RateLimits } from './rate-limits.ts';
import { notFound, refuse, type Site } from './site.ts';
import { ensureAccount, type GitHubState, type Token } from './state.ts';

export interface UserRoutesContext {
  site: Site;
  state: GitHubState;
  limits: RateLimits;
  callerOf(question: RoutedQuestion): Caller;
  /** Who pays for the request, as in `RateLimits`. */
  limitKey(question: RoutedQuestion): string;
  now: () => number;
}

/** `GET /user`, `/user/repos`, `/users/{login}`, `/rate_limit` and `/meta`. https://docs.github.com/rest/users/users */
export function userRoutes(context: UserRoutesContext): Route[] {
  const { site, state } = context;
  return [
    {
      method: 'GET',
      path: '/user',
      answer: (question) =>
        asUser(context, question, (token) => ({
          status: 200,
          headers: { 'x-accepted-github-permissions': 'allows_permissionless_access=true' },
          body: userBody(site, ensureAccount(state, token.login)),
        })),
    },
    {
      method: 'GET',
      path: '/user/repos',
      answer: (question) => asUser(context, question, (token) => ownRepositories(context, question, token)),
    },
    {
      method: 'GET',
      path: '/users/{login}',
      answer(question) {
        const account = state.accounts.get(question.param('login').toLowerCase());
        return account === undefined ? notFound() : { status: 200, body: accountBody(site, account) };
      },
    },
    { method: 'GET', path: '/rate_limit', answer: (question) => rateLimit(context, question) },
    { method: 'GET', path: '/meta', answer: () => ({ status: 200, body: metaBody(site) }) },
  ];
}

/**
 * A user's own token; an installation is none:
 * https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
 */
function asUser(
  context: UserRoutesContext,
  question: RoutedQuestion,
  answer: (token: Token) => Answer,
): Answer {
  const caller = context.callerOf(question);
  if (caller.kind !== 'token') {
    return refuse(401, 'Requires authentication');
  }
  return caller.token.kind === 'installation'
    ? refuse(403, 'Resource not accessible by integration')
    : answer(caller.token);
}

/**
 * Leaves out, and names by id, the organizations single sign-on keeps the token out of.
 * https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
 */
function ownRepositories(context: UserRoutesContext, question: RoutedQuestion, token: Token): Answer {
  const { site, state } = context;
  const closed = [...state.accounts.values()].filter((account) => needsSingleSignOn(account, token));
  const own = [...state.repositories.values()].filter(
    ({ owner, collaborators }) =>
      (owner.toLowerCase() === token.login.toLowerCase() || collaborators.has(token.login.toLowerCase())) &&
      !closed.some((account) => account.login.toLowerCase() === owner.toLowerCase()),
  );
  const answer = page(question, `${site.apiUrl}/user/repos`, own, (part) =>
    part.map((repository) =>
      repositoryBody(
        site,
        ensureAccount(state, repository.owner),
        repository,
        repository.collaborators.get(token.login.toLowerCase()) ?? 'admin',
      ),
    ),
  );
  return closed.length === 0
    ? answer
    : {
        ...answer,
        headers: {
          ...answer.headers,
          'x-github-sso': `partial-results; organizations=${closed.map(({ id }) => id).join(',')}`,
        },
      };
}

/**
 * Free of the limit itself; 404 where the limits are off, as they are by default on Enterprise Server.
 * https://docs.github.com/rest/rate-limit/rate-limit
 */
function rateLimit(context: UserRoutesContext, question: RoutedQuestion): Answer {
  if (context.site.enterpriseVersion !== undefined) {
    return refuse(404, 'Rate limiting is not enabled.');
  }
  const { limit, used, resetsAtMs } = context.limits.get(context.limitKey(question), context.now());
  const core = { limit, used, remaining: limit - used, reset: Math.ceil(resetsAtMs / 1000) };
  return { status: 200, body: { resources: { core }, rate: core } };
}

/** Only Enterprise Server reports its version. https://docs.github.com/enterprise-server/rest/meta/meta */
function metaBody(site: Site): Record<string, unknown> {
  return site.enterpriseVersion === undefined
    ? { verifiable_password_authentication: false, api: ['192.30.252.0/22'] }
    : { verifiable_password_authentication: true, installed_version: site.enterpriseVersion };
}
