import type { Answer } from '../git-hosts/exchange.ts';
import type { Route, RoutedQuestion } from '../git-hosts/routes.ts';
import { repositoryBody } from './bodies.ts';
import type { Caller } from './credentials.ts';
import { refusedByPolicy } from './policies.ts';
import { moved, notFound, refuse, type Site } from './site.ts';
import {
  covers,
  ensureAccount,
  findRenamed,
  findRepository,
  fullNameOf,
  type GitHubState,
  type Repository,
  type RepositoryRole,
  type Token,
} from './state.ts';

/** What a fine-grained token or installation needs for an endpoint; its name in `x-accepted-github-permissions`. */
const contents = { name: 'contents', accepted: 'contents=read' };
const pulls = { name: 'pull_requests', accepted: 'pull_requests=read' };

/** `GET /repos/{owner}/{repo}` and the readable lists under it. https://docs.github.com/rest/repos/repos#get-a-repository */
export function repositoryRoutes(
  site: Site,
  state: GitHubState,
  callerOf: (question: RoutedQuestion) => Caller,
): Route[] {
  /** Answers for the repository if the caller may see it; else what GitHub says instead. */
  const see = (
    question: RoutedQuestion,
    answer: (repository: Repository, caller: Caller) => Answer,
    suffix = '',
  ): Answer => {
    const fullName = `${question.param('owner')}/${question.param('repo')}`;
    const repository = findRepository(state, fullName);
    if (repository === undefined) {
      const renamed = findRenamed(state, fullName);
      return renamed === undefined ? notFound() : moved(`${site.apiUrl}/repositories/${renamed.id}${suffix}`);
    }
    return lookAt(site, state, repository, callerOf(question)) ?? answer(repository, callerOf(question));
  };

  const show = (repository: Repository, caller: Caller): Answer => ({
    status: 200,
    headers: { 'x-accepted-github-permissions': 'metadata=read' },
    body: repositoryBody(
      site,
      ensureAccount(state, repository.owner),
      repository,
      roleOf(repository, caller),
    ),
  });

  const list = (suffix: string, need: typeof contents): Route => ({
    method: 'GET',
    path: `/repos/{owner}/{repo}${suffix}`,
    answer: (question) =>
      see(
        question,
        (repository, caller) =>
          lacks(repository, caller, need) ?? {
            status: 200,
            headers: { 'x-accepted-github-permissions': need.accepted },
            body: [],
          },
        suffix,
      ),
  });

  return [
    { method: 'GET', path: '/repos/{owner}/{repo}', answer: (question) => see(question, show) },
    {
      method: 'GET',
      path: '/repositories/{id}',
      answer(question) {
        const repository = [...state.repositories.values()].find(
          ({ id }) => String(id) === question.param('id'),
        );
        if (repository === undefined) {
          return notFound();
        }
        return lookAt(site, state, repository, callerOf(question)) ?? show(repository, callerOf(question));
      },
    },
    list('/contents', contents),
    list('/branches', contents),
    list('/pulls', pulls),
  ];
}

/** The refusal, or undefined if the caller may see the repository. */
function lookAt(site: Site, state: GitHubState, repository: Repository, caller: Caller): Answer | undefined {
  if (caller.kind === 'token') {
    const refusal = refusedByPolicy(site, ensureAccount(state, repository.owner), caller.token);
    if (refusal !== undefined && caller.token.kind !== 'installation') {
      return refusal;
    }
  }
  if (!repository.private) {
    return undefined;
  }
  return caller.kind === 'token' && reaches(state, repository, caller.token) ? undefined : notFound();
}

/** Whether a token opens a private repository: its own reach, and for a user's token also the user's rights. */
function reaches(state: GitHubState, repository: Repository, token: Token): boolean {
  const selected = token.repositories?.has(fullNameOf(repository).toLowerCase()) ?? true;
  if (token.kind === 'installation') {
    const installation = state.installations.get(token.installationId ?? 0);
    return selected && installation !== undefined && covers(installation, repository);
  }
  const byScope =
    token.kind === 'fineGrained' || token.kind === 'appUser' ? selected : token.scopes.includes('repo');
  return byScope && roleOfLogin(repository, token.login) !== undefined;
}

/**
 * https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible; classic
 * tokens are judged by `reaches` alone.
 */
function lacks(repository: Repository, caller: Caller, need: typeof contents): Answer | undefined {
  if (caller.kind !== 'token' || !repository.private) {
    return undefined;
  }
  const { kind, permissions } = caller.token;
  if (kind === 'classic' || kind === 'oauthApp' || permissions[need.name] !== undefined) {
    return undefined;
  }
  const by = kind === 'fineGrained' ? 'personal access token' : 'integration';
  return refuse(403, `Resource not accessible by ${by}`, { 'x-accepted-github-permissions': need.accepted });
}

function roleOf(repository: Repository, caller: Caller): RepositoryRole | undefined {
  if (caller.kind !== 'token') {
    return undefined;
  }
  return roleOfLogin(repository, caller.token.login) ?? 'pull';
}

function roleOfLogin(repository: Repository, login: string): RepositoryRole | undefined {
  return repository.owner.toLowerCase() === login.toLowerCase()
    ? 'admin'
    : repository.collaborators.get(login.toLowerCase());
}
