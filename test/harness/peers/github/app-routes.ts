import type { Answer } from '../git-hosts/exchange.ts';
import type { Route, RoutedQuestion } from '../git-hosts/routes.ts';
import { type AppContext, appOf } from './app-tokens.ts';
import { appBody, installationBody } from './bodies.ts';
import { secretOf } from './credentials.ts';
import { installationRepositories, mint } from './installation-tokens.ts';
import { page } from './pages.ts';
import { moved, notFound } from './site.ts';
import {
  type App,
  covers,
  ensureAccount,
  findRenamed,
  findRepository,
  fullNameOf,
  type GitHubState,
  type Installation,
  installationsOf,
} from './state.ts';

/**
 * What an App asks with its JWT. https://docs.github.com/rest/apps. These answers carry no `x-ratelimit-*`, and
 * `cache-control: public` (GitHub's responses recorded in PyGithub's test suite, `GithubIntegration.*`).
 */
export function appRoutes(context: AppContext): Route[] {
  const { site, state } = context;

  const asApp =
    (answer: (app: App, question: RoutedQuestion) => Answer | Promise<Answer>) =>
    async (question: RoutedQuestion): Promise<Answer> => {
      const app = await appOf(context, secretOf(question));
      return 'slug' in app ? answer(app, question) : app;
    };

  const one = (app: App, installation: Installation | undefined): Answer =>
    installation === undefined ? notFound() : { status: 200, body: bodyOf(app, installation) };

  const bodyOf = (app: App, installation: Installation): Record<string, unknown> =>
    installationBody(site, app, installation, ensureAccount(state, installation.account));

  const byAccount = (app: App, login: string): Installation | undefined =>
    installationsOf(state, app.id).find(
      ({ account }) =>
        account.toLowerCase() === login.toLowerCase() && ensureAccount(state, account).type !== 'Enterprise',
    );

  return [
    route(
      'GET',
      '/app',
      asApp((app) => ({ status: 200, body: appBody(site, state, app, ensureAccount(state, app.owner)) })),
    ),
    route(
      'GET',
      '/app/installations',
      asApp((app, question) =>
        page(question, `${site.apiUrl}/app/installations`, installationsOf(state, app.id), (part) =>
          part.map((installation) => bodyOf(app, installation)),
        ),
      ),
    ),
    route(
      'GET',
      '/app/installation-requests',
      asApp(() => ({ status: 200, body: [] })),
    ),
    route(
      'GET',
      '/app/installations/{id}',
      asApp((app, question) => one(app, ownInstallation(state, app, question))),
    ),
    route(
      'POST',
      '/app/installations/{id}/access_tokens',
      asApp((app, question) => mint(context, ownInstallation(state, app, question), question)),
    ),
    route(
      'GET',
      '/orgs/{login}/installation',
      asApp((app, question) => {
        const account = state.accounts.get(question.param('login').toLowerCase());
        return account?.type === 'Organization' ? one(app, byAccount(app, account.login)) : notFound();
      }),
    ),
    // For organizations too: https://github.com/actions/create-github-app-token/blob/main/lib/main.js
    route(
      'GET',
      '/users/{login}/installation',
      asApp((app, question) => one(app, byAccount(app, question.param('login')))),
    ),
    route(
      'GET',
      '/repos/{owner}/{repo}/installation',
      asApp((app, question) => repositoryInstallation(context, app, question, one)),
    ),
    route('GET', '/installation/repositories', (question) => installationRepositories(context, question)),
  ];
}

/** True for the answers that are an App's own, which are not counted and not tied to a token. */
export function isAppPath(path: string): boolean {
  return (
    path === '/app' ||
    path.startsWith('/app/') ||
    /^\/(orgs|users|repos\/[^/]+)\/[^/]+\/installation$/.test(path)
  );
}

function route(method: string, path: string, answer: Route['answer']): Route {
  return { method, path, answer };
}

function ownInstallation(state: GitHubState, app: App, question: RoutedQuestion): Installation | undefined {
  const installation = state.installations.get(Number(question.param('id')));
  return installation?.appId === app.id ? installation : undefined;
}

function repositoryInstallation(
  context: AppContext,
  app: App,
  question: RoutedQuestion,
  one: (app: App, installation: Installation | undefined) => Answer,
): Answer {
  const { site, state } = context;
  const fullName = `${question.param('owner')}/${question.param('repo')}`;
  const repository = findRepository(state, fullName);
  if (repository !== undefined) {
    return one(
      app,
      installationsOf(state, app.id).find((installation) => covers(installation, repository)),
    );
  }
  const renamed = findRenamed(state, fullName);
  return renamed === undefined
    ? notFound()
    : moved(`${site.apiUrl}/repos/${fullNameOf(renamed)}/installation`);
}
