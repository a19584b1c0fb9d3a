import { randomUUID } from 'node:crypto';
import { createClock } from '../git-hosts/clock.ts';
import { type Answer, type Question, withHeaders } from '../git-hosts/exchange.ts';
import { createGitHost, type GitHostControls } from '../git-hosts/git-host.ts';
import { answerByRoute } from '../git-hosts/routes.ts';
import type { Peer } from '../peer.ts';
import { createControls, type GitLabControls } from './controls.ts';
import { unknownRoute } from './errors.ts';
import { apiRoutes } from './routes.ts';
import { createState } from './state.ts';
import { answerWeb } from './web.ts';

export type GitLab = Peer & GitHostControls & GitLabControls;

export interface GitLabOptions {
  /** Where it is served, with the relative root if it has one; default `https://gitlab.com`. */
  url?: string;
  /** Default `19.4.1`. */
  version?: string;
}

/** A GitLab without accounts at first: gitlab.com, or a self-managed one, below any path. */
export function createGitLab(options: GitLabOptions = {}): GitLab {
  const url = new URL(options.url ?? 'https://gitlab.com');
  const root = url.pathname.replace(/\/$/, '');
  const webUrl = url.origin + root;
  const state = createState();
  const clock = createClock();
  const routes = apiRoutes({ state, webUrl, version: options.version ?? '19.4.1', now: clock.now });

  async function answer(question: Question): Promise<Answer> {
    const path = question.path.startsWith(`${root}/`) ? question.path.slice(root.length) : undefined;
    if (path === undefined) {
      return {
        status: 404,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>404 Not Found</body></html>',
      };
    }
    if (!path.startsWith('/api/v4/')) {
      return answerWeb(state, webUrl, question, path, clock.now());
    }
    const told = (await answerByRoute(routes, question, path.slice('/api/v4'.length))) ?? unknownRoute();
    return withHeaders(told, apiHeaders(url.host));
  }

  return {
    ...createGitHost({ name: url.host, hosts: [url.host], clock, answer }),
    ...createControls(state, clock.now),
  };
}

/**
 * `x-gitlab-meta` stands on every answer of the API, also on a 401: it is what GitLab is known by. gitlab.com adds
 * the names of its balancer and server.
 */
function apiHeaders(host: string): Record<string, string> {
  const id = randomUUID();
  return {
    'cache-control': 'max-age=0, private, must-revalidate',
    vary: 'Origin',
    'x-gitlab-meta': JSON.stringify({ correlation_id: id, version: '1' }),
    'x-request-id': id,
    ...(host === 'gitlab.com'
      ? { 'gitlab-lb': 'haproxy-main-01-lb-gprd', 'gitlab-sv': 'api-gke-us-east1-b' }
      : {}),
  };
}
