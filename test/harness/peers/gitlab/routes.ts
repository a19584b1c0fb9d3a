import type { Answer } from '../git-hosts/exchange.ts';
import type { Route, RoutedQuestion } from '../git-hosts/routes.ts';
import { authenticate, type Need } from './authentication.ts';
import { projectBody, tokenBody, userBody } from './bodies.ts';
import { refuse, unauthorized } from './errors.ts';
import { accessLevel, ensureUser, findProject, type GitLabState, type Project, type Token } from './state.ts';

export interface RoutesContext {
  state: GitLabState;
  /** With the relative root, without a trailing slash. */
  webUrl: string;
  version: string;
  now: () => number;
}

/** Under `/api/v4`. */
export function apiRoutes(context: RoutesContext): Route[] {
  const { state, webUrl } = context;

  const signedIn =
    (need: Need, answer: (token: Token, question: RoutedQuestion) => Answer) =>
    (question: RoutedQuestion): Answer => {
      const token = authenticate(state, webUrl, question, need, context.now());
      if (token === undefined) return unauthorized();
      return 'kind' in token ? answer(token, question) : token;
    };

  /** Projects may be read by anybody where they are public. */
  const ofProject =
    (need: Need, answer: (project: Project, token: Token | undefined) => Answer, suffix = '') =>
    (question: RoutedQuestion): Answer => {
      const token = authenticate(state, webUrl, question, need, context.now());
      return token !== undefined && !('kind' in token)
        ? token
        : lookAt(context, question, token, answer, suffix);
    };

  const list = (suffix: string, permission: string): Route => ({
    method: 'GET',
    path: `/projects/{id}${suffix}`,
    answer: ofProject({ scopes: ['read_api'], permission }, () => ({ status: 200, body: [] }), suffix),
  });

  return [
    {
      method: 'GET',
      path: '/personal_access_tokens/self',
      // Any scope: https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/personal_access_tokens/self_information.rb
      answer: signedIn({ permission: 'Personal Access Token: Read' }, (token) =>
        token.kind === 'oauth'
          ? refuse(400, '400 Bad request - This endpoint requires token type to be a personal access token')
          : { status: 200, body: tokenBody(token, ensureUser(state, token.username), context.now()) },
      ),
    },
    {
      method: 'GET',
      path: '/user',
      answer: signedIn({ scopes: ['read_user', 'read_api'], permission: 'User: Read' }, (token) => ({
        status: 200,
        body: userBody(webUrl, ensureUser(state, token.username)),
      })),
    },
    {
      method: 'GET',
      path: '/version',
      // https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/metadata.rb
      answer: signedIn({ scopes: ['read_user', 'read_api'], permission: 'Metadata: Read' }, () => ({
        status: 200,
        body: { version: context.version, revision: '0a1b2c3d4e5' },
      })),
    },
    {
      method: 'GET',
      path: '/projects/{id}',
      answer: ofProject({ scopes: ['read_api'], permission: 'Project: Read' }, (project, token) => ({
        status: 200,
        body: projectBody(webUrl, project, token),
      })),
    },
    list('/repository/branches', 'Branch: Read'),
    list('/merge_requests', 'Merge Request: Read'),
  ];
}

function lookAt(
  context: RoutesContext,
  question: RoutedQuestion,
  token: Token | undefined,
  answer: (project: Project, token: Token | undefined) => Answer,
  suffix: string,
): Answer {
  const found = findProject(context.state, question.param('id'));
  if (found === undefined || !mayRead(found.project, token)) {
    return refuse(404, '404 Project Not Found');
  }
  if (found.moved) {
    // https://gitlab.com/gitlab-org/gitlab/-/merge_requests/128642
    const url = `${context.webUrl}/api/v4/projects/${found.project.id}${suffix}`;
    return {
      status: 301,
      headers: { location: url },
      body: `This resource has been moved permanently to ${url}`,
    };
  }
  return answer(found.project, token);
}

function mayRead(project: Project, token: Token | undefined): boolean {
  return (
    project.visibility === 'public' ||
    (token !== undefined && (project.visibility === 'internal' || accessLevel(project, token) !== undefined))
  );
}
