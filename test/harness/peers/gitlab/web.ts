import type { Answer, Question } from '../git-hosts/exchange.ts';
import { isExpired } from './authentication.ts';
import { oauthError } from './errors.ts';
import { ensureUser, type GitLabState } from './state.ts';

const html = { 'content-type': 'text/html; charset=utf-8' };

/**
 * Everything outside of the API: Git's own protocol, the information on an OAuth token, and pages for people,
 * who are sent to sign in first.
 */
export function answerWeb(
  state: GitLabState,
  webUrl: string,
  question: Question,
  path: string,
  nowMs: number,
): Answer {
  if (path === '/oauth/token/info') {
    return tokenInfo(state, question, nowMs);
  }
  const repository = /^\/(.+)\.git\/info\/refs$/.exec(path)?.[1];
  if (repository !== undefined && question.query.get('service') === 'git-upload-pack') {
    return advertise(state, question, decodeURIComponent(repository), nowMs);
  }
  return path === '/users/sign_in'
    ? { status: 200, headers: html, body: loginPage }
    : { status: 302, headers: { ...html, location: `${webUrl}/users/sign_in` }, body: '' };
}

/** A page in front of many GitLabs, or of the instance: 200, and nothing that an API would return. */
export const loginPage =
  '<!DOCTYPE html><html class="html-devise-layout"><head><title>Sign in · GitLab</title></head><body></body></html>';

/** https://docs.gitlab.com/api/oauth2/#retrieve-the-token-information */
function tokenInfo(state: GitLabState, question: Question, nowMs: number): Answer {
  const secret = /^bearer\s+(\S+)$/i.exec(question.header('authorization') ?? '')?.[1] ?? '';
  const token = state.tokens.get(secret);
  if (token?.kind !== 'oauth' || token.revoked || isExpired(token, nowMs)) {
    return oauthError(401, 'invalid_request', 'The access token is invalid');
  }
  return {
    status: 200,
    body: {
      resource_owner_id: ensureUser(state, token.username).id,
      scope: token.scopes,
      expires_in: 7200,
      application: { uid: 'harness' },
      created_at: Math.floor(token.createdAtMs / 1000),
    },
  };
}

/**
 * Git over HTTP with Basic: a deploy token wants its own user name, the others any.
 * `deploy_token_check` and `abilities_for_scopes` of
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth.rb
 */
function advertise(state: GitLabState, question: Question, path: string, nowMs: number): Answer {
  const [, basic = ''] = /^basic\s+(\S+)$/i.exec(question.header('authorization') ?? '') ?? [];
  const [user = '', password = ''] = Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s);
  const token = state.tokens.get(password);
  const project = state.projects.get(path.toLowerCase());
  const reads = ['api', 'read_api', 'read_repository', 'write_repository'];
  const accepted =
    token !== undefined &&
    project !== undefined &&
    !token.revoked &&
    !isExpired(token, nowMs) &&
    token.scopes.some((scope) => reads.includes(scope)) &&
    (token.kind !== 'deploy' || (token.username === user && token.namespace === path));
  return accepted || project?.visibility === 'public'
    ? {
        status: 200,
        headers: { 'content-type': 'application/x-git-upload-pack-advertisement' },
        body: '001e# service=git-upload-pack\n0000',
      }
    : {
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="GitLab"' },
        body: "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password.",
      };
}
