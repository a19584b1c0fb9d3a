import type { Answer, Question } from '../../git-hosts/exchange.ts';
import { answerByRoute, type Route, type RoutedQuestion } from '../../git-hosts/routes.ts';
import { type Caller, mayRead } from './authentication.ts';
import { noSuchProject, noSuchRepository, notPermitted } from './errors.ts';
import type { DataCenterState, Repository } from './state.ts';

export interface RoutesContext {
  state: DataCenterState;
  /** With the context path, without a trailing slash. */
  webUrl: string;
  version: string;
}

/** What stands under `/rest/api/latest` and `/rest/api/1.0`: https://developer.atlassian.com/server/bitbucket/rest/ */
export async function answerRest(
  context: RoutesContext,
  question: Question,
  path: string,
  caller: Caller,
): Promise<Answer> {
  const answered = await answerByRoute(restRoutes(context, caller), question, path);
  return (
    answered ?? {
      status: 404,
      body: { message: `null for uri: ${context.webUrl}${path}`, 'status-code': 404 },
    }
  );
}

function restRoutes(context: RoutesContext, caller: Caller): Route[] {
  const { state } = context;
  const list = (suffix: string): Route => ({
    method: 'GET',
    path: `/projects/{project}/repos/{slug}${suffix}`,
    answer: (question) => ofRepository(state, question, caller, () => page([])),
  });
  return [
    {
      method: 'GET',
      path: '/application-properties',
      // Also for those who are not signed in.
      answer: () => ({
        status: 200,
        body: {
          version: context.version,
          buildNumber: '9004001',
          buildDate: '1735689600000',
          displayName: 'Bitbucket',
        },
      }),
    },
    {
      method: 'GET',
      path: '/projects/{project}/repos/{slug}',
      answer: (question) =>
        ofRepository(state, question, caller, (repository) => ({
          status: 200,
          body: repositoryBody(context.webUrl, repository),
        })),
    },
    list('/branches'),
    list('/pull-requests'),
    {
      method: 'GET',
      path: '/projects/{project}/repos',
      answer: (question) => ofProject(context, question, caller),
    },
  ];
}

/** Without access to a repository the answer is 401, signed in or not, also if it is missing. */
function ofRepository(
  state: DataCenterState,
  question: RoutedQuestion,
  caller: Caller,
  answer: (repository: Repository) => Answer,
): Answer {
  const project = question.param('project');
  const slug = question.param('slug');
  const repository = [...state.repositories.values()].find((one) => isSame(one, project, slug));
  if (repository !== undefined) {
    return mayRead(caller, repository) ? answer(repository) : notPermitted();
  }
  if (caller.kind === 'anonymous') {
    return notPermitted();
  }
  return hasProject(state, project) ? noSuchRepository(project, slug) : noSuchProject(project);
}

function ofProject(context: RoutesContext, question: RoutedQuestion, caller: Caller): Answer {
  const project = question.param('project');
  if (!hasProject(context.state, project)) {
    return caller.kind === 'anonymous' ? notPermitted() : noSuchProject(project);
  }
  return page(
    [...context.state.repositories.values()]
      .filter((one) => one.project.toLowerCase() === project.toLowerCase() && mayRead(caller, one))
      .map((one) => repositoryBody(context.webUrl, one)),
  );
}

function hasProject(state: DataCenterState, key: string): boolean {
  return [...state.repositories.values()].some(({ project }) => project.toLowerCase() === key.toLowerCase());
}

function isSame(repository: Repository, project: string, slug: string): boolean {
  return (
    repository.project.toLowerCase() === project.toLowerCase() &&
    repository.slug.toLowerCase() === slug.toLowerCase()
  );
}

function repositoryBody(
  webUrl: string,
  { id, project, slug, isPublic }: Repository,
): Record<string, unknown> {
  return {
    id,
    slug,
    name: slug,
    scmId: 'git',
    state: 'AVAILABLE',
    forkable: true,
    public: isPublic,
    archived: false,
    project: { key: project, id: 1, name: project, public: false, type: 'NORMAL' },
    links: {
      clone: [{ href: `${webUrl}/scm/${project.toLowerCase()}/${slug}.git`, name: 'http' }],
      self: [{ href: `${webUrl}/projects/${project}/repos/${slug}/browse` }],
    },
  };
}

function page(values: unknown[]): Answer {
  return { status: 200, body: { size: values.length, limit: 25, isLastPage: true, start: 0, values } };
}
