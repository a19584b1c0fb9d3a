import type { Answer, Question } from '../git-hosts/exchange.ts';
import type { Route, RoutedQuestion } from '../git-hosts/routes.ts';
import { appOf } from './app-tokens.ts';
import type { AppVerifier } from './app-verifier.ts';
import { accountBody, appBody, installationBody, timestamp } from './bodies.ts';
import { secretOf } from './credentials.ts';
import { page } from './pages.ts';
import { notFound, refuse, type Site } from './site.ts';
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
  nextId,
} from './state.ts';

const hourMs = 3_600_000;

export interface AppRoutesContext {
  site: Site;
  state: GitHubState;
  verifier: AppVerifier;
  now: () => number;
}

/**
 * What an App asks with its JWT. https://docs.github.com/rest/apps. These answers carry no `x-ratelimit-*`, and
 * `cache-control: public` (GitHub's responses recorded in PyGithub's test suite, `GithubIntegration.*`).
 */
export function appRoutes(context: AppRoutesContext): Route[] {
  const { site, state } = context;

  const asApp =
    (answer: (app: App, question: RoutedQuestion) => Answer | Promise<Answer>) =>
    async (question: RoutedQuestion): Promise<Answer> => {
      const app = await appOf(state, context.verifier, secretOf(question), context.now());
      return 'slug' in app ? answer(app, question) : app;
    };

  const one = (app: App, installation: Installation | undefined): Answer =>
    installation === undefined ? notFound() : { status: 200, body: bodyOf(app, installation) };

  const bodyOf = (app: App, installation: Installation): Record<string, unknown> =>
    installationBody(site, app, installation, ensureAccount(state, installation.account));

  const byAccount = (app: App, login: string): Installation | undefined =>
    installationsOf(state, app.id).find(({ account }) => account.toLowerCase() === login.toLowerCase());

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
      asApp((app, question) => mint(context, app, question)),
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
  context: AppRoutesContext,
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

/** A renamed repository: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects */
export function moved(url: string): Answer {
  return {
    status: 301,
    headers: { location: url },
    body: {
      message: 'Moved Permanently',
      url,
      documentation_url:
        'https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects',
    },
  };
}

async function mint(context: AppRoutesContext, app: App, question: RoutedQuestion): Promise<Answer> {
  const { state, verifier } = context;
  const installation = ownInstallation(state, app, question);
  if (installation?.suspendedAtMs !== undefined) {
    // https://github.com/ossf/allstar/issues/314
    return refuse(403, 'This installation has been suspended');
  }
  const jwt = secretOf(question);
  if (installation === undefined || jwt === undefined) {
    return notFound();
  }
  const minted = await verifier.mint(jwt, installation.id, await question.text());
  const { token, permissions = {}, repositories } = minted.body;
  if (token === undefined) {
    return refuse(minted.status, minted.body.message ?? 'Not Found');
  }
  const createdAtMs = context.now();
  state.tokens.set(token, {
    id: nextId(state),
    kind: 'installation',
    login: installation.account,
    scopes: [],
    clientId: undefined,
    createdAtMs,
    expiresAtMs: createdAtMs + hourMs,
    expiryZone: 'UTC',
    revoked: false,
    permissions,
    repositories:
      repositories && new Set(repositories.map((repository) => repository.full_name.toLowerCase())),
    samlAuthorizedFor: new Set(),
    installationId: installation.id,
  });
  return { status: 201, body: { ...minted.body, expires_at: timestamp(createdAtMs + hourMs) } };
}

function installationRepositories(context: AppRoutesContext, question: Question): Answer {
  const { site, state } = context;
  const token = state.tokens.get(secretOf(question) ?? '');
  const installation = state.installations.get(token?.installationId ?? 0);
  if (token === undefined || installation === undefined) {
    return refuse(
      403,
      'You must authenticate with an installation access token in order to list repositories for an installation.',
    );
  }
  const visible = [...state.repositories.values()].filter(
    (repository) =>
      covers(installation, repository) &&
      (token.repositories?.has(fullNameOf(repository).toLowerCase()) ?? true),
  );
  return page(question, `${site.apiUrl}/installation/repositories`, visible, (part) => ({
    total_count: visible.length,
    repository_selection: installation.repositories === undefined ? 'all' : 'selected',
    repositories: part.map((repository) => ({
      id: repository.id,
      name: repository.name,
      full_name: fullNameOf(repository),
      private: repository.private,
      owner: accountBody(site, ensureAccount(state, repository.owner)),
    })),
  }));
}
