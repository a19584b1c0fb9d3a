import type { Answer, Question } from '../../git-hosts/exchange.ts';
import { answerByRoute, type Route, type RoutedQuestion } from '../../git-hosts/routes.ts';
import { authenticate, type Need, refuseScope, tell } from './authentication.ts';
import { refuse, removed, wrongMechanism } from './errors.ts';
import { type CloudState, type Repository, reaches, type Token } from './state.ts';

const needs = {
  user: { apiToken: 'read:user:bitbucket', legacy: 'account' },
  workspace: { apiToken: 'read:workspace:bitbucket', legacy: 'account' },
  repository: { apiToken: 'read:repository:bitbucket', legacy: 'repository' },
  pullRequest: { apiToken: 'read:pullrequest:bitbucket', legacy: 'pullrequest' },
} satisfies Record<string, Need>;

/** Those that answered for all workspaces at once, gone since 2026-04-14. */
const removedPaths = [
  '/2.0/workspaces',
  '/2.0/repositories',
  '/2.0/user/permissions/workspaces',
  '/2.0/user/permissions/repositories',
];

interface Caller {
  token: Token | undefined;
}

interface CloudRoute extends Omit<Route, 'answer'> {
  need: Need;
  answer(question: RoutedQuestion, caller: Caller): Answer;
}

/** Everything under api.bitbucket.org: https://developer.atlassian.com/cloud/bitbucket/rest/ */
export function createApi(state: CloudState, now: () => number): (question: Question) => Promise<Answer> {
  const routes = cloudRoutes(state);
  return async (question) => {
    const token = authenticate(state, question, now());
    if (token !== undefined && !('kind' in token)) {
      return token;
    }
    if (!question.path.startsWith('/2.0/')) {
      // https://github.com/avivsinai/bitbucket-cli/issues/70
      return refuse(403, 'Forbidden');
    }
    if (removedPaths.includes(question.path)) {
      return removed();
    }
    const answered = await answerByRoute(
      routes.map((route) => ({ ...route, answer: (routed) => answerAs(route, routed, { token }) })),
      question,
      question.path,
    );
    return answered ?? refuse(404, 'Resource not found');
  };
}

function answerAs(route: CloudRoute, question: RoutedQuestion, caller: Caller): Answer {
  const { token } = caller;
  if (token === undefined) {
    return route.answer(question, caller);
  }
  // The kind of credential comes before its scopes.
  if (route.path === '/2.0/user' && token.username === undefined)
    return tell(token, route.need, wrongMechanism());
  return tell(token, route.need, refuseScope(token, route.need) ?? route.answer(question, caller));
}

function cloudRoutes(state: CloudState): CloudRoute[] {
  return [
    { method: 'GET', path: '/2.0/user', need: needs.user, answer: (_, caller) => user(state, caller) },
    {
      method: 'GET',
      path: '/2.0/user/workspaces',
      need: needs.workspace,
      answer: (_, { token }) =>
        list(workspacesOf(state, token).map((slug) => ({ workspace: workspaceBody(slug) }))),
    },
    {
      method: 'GET',
      path: '/2.0/workspaces/{workspace}',
      need: needs.workspace,
      answer: (question, { token }) =>
        workspacesOf(state, token).includes(question.param('workspace'))
          ? { status: 200, body: workspaceBody(question.param('workspace')) }
          : refuse(404, `No workspace with identifier '${question.param('workspace')}'.`),
    },
    {
      method: 'GET',
      path: '/2.0/repositories/{workspace}',
      need: needs.repository,
      answer: (question, { token }) =>
        list(
          [...state.repositories.values()]
            .filter(
              (repository) =>
                repository.workspace === question.param('workspace') && maySee(token, repository),
            )
            .map(repositoryBody),
        ),
    },
    {
      method: 'GET',
      path: '/2.0/repositories/{workspace}/{slug}',
      need: needs.repository,
      answer: (question, { token }) =>
        ofRepository(state, question, token, (repository) => ({
          status: 200,
          body: repositoryBody(repository),
        })),
    },
    {
      method: 'GET',
      path: '/2.0/repositories/{workspace}/{slug}/refs/branches',
      need: needs.repository,
      answer: (question, { token }) => ofRepository(state, question, token, () => list([])),
    },
    {
      method: 'GET',
      path: '/2.0/repositories/{workspace}/{slug}/pullrequests',
      need: needs.pullRequest,
      answer: (question, { token }) => ofRepository(state, question, token, () => list([])),
    },
  ];
}

/** The account that a token belongs to. */
function user(state: CloudState, { token }: Caller): Answer {
  if (token === undefined) {
    return refuse(401, 'Authentication required');
  }
  const owner = state.users.get(token.username ?? '');
  return owner === undefined
    ? wrongMechanism()
    : {
        status: 200,
        body: {
          type: 'user',
          uuid: owner.uuid,
          account_id: `712020:${owner.uuid.slice(1, -1)}`,
          username: owner.username,
          nickname: owner.username,
          display_name: owner.username,
          account_status: 'active',
          links: { self: { href: `https://api.bitbucket.org/2.0/users/${owner.uuid}` } },
        },
      };
}

/** Absent and invisible look the same. */
function ofRepository(
  state: CloudState,
  question: RoutedQuestion,
  token: Token | undefined,
  answer: (repository: Repository) => Answer,
): Answer {
  const name = `${question.param('workspace')}/${question.param('slug')}`;
  const repository = state.repositories.get(name);
  return repository !== undefined && maySee(token, repository)
    ? answer(repository)
    : refuse(404, `Repository ${name} not found`);
}

function maySee(token: Token | undefined, repository: Repository): boolean {
  return !repository.isPrivate || (token !== undefined && reaches(token, repository));
}

function workspacesOf(state: CloudState, token: Token | undefined): string[] {
  const reached = [...state.repositories.values()].filter(
    (repository) => token !== undefined && reaches(token, repository),
  );
  return [...new Set(reached.map(({ workspace }) => workspace))];
}

function workspaceBody(slug: string): Record<string, unknown> {
  return { type: 'workspace', slug, name: slug, is_private: true };
}

function repositoryBody(repository: Repository): Record<string, unknown> {
  const fullName = `${repository.workspace}/${repository.slug}`;
  return {
    type: 'repository',
    uuid: repository.uuid,
    full_name: fullName,
    name: repository.slug,
    slug: repository.slug,
    is_private: repository.isPrivate,
    scm: 'git',
    mainbranch: { type: 'branch', name: 'main' },
    workspace: workspaceBody(repository.workspace),
    project: { type: 'project', key: repository.project },
    links: {
      self: { href: `https://api.bitbucket.org/2.0/repositories/${fullName}` },
      html: { href: `https://bitbucket.org/${fullName}` },
      clone: [{ name: 'https', href: `https://bitbucket.org/${fullName}.git` }],
    },
  };
}

function list(values: unknown[]): Answer {
  return { status: 200, body: { pagelen: 10, size: values.length, page: 1, values } };
}
