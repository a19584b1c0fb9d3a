import { type Implications, missingScopes } from '../scopes.ts';
import { withQuery } from '../urls.ts';

/** What CodeMie's documentation asks of a GitLab token. */
export const documentedScopes = ['api', 'read_api', 'read_repository', 'write_repository'];

/**
 * What each scope can do in effect. GitLab stores the list as ticked and adds nothing to it, but `api` opens every
 * endpoint and pushes over HTTP, so it covers the other three. `write_repository` opens no endpoint of the API.
 * https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes and, for Git over HTTP,
 * `abilities_for_scopes` in https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/auth.rb
 */
export const implications: Implications = {
  api: ['read_api', 'read_repository', 'write_repository', 'read_user'],
  read_api: ['read_user'],
  write_repository: ['read_repository'],
};

/** The form for a personal token, not filled in, on the server with that web address. */
export function personalTokenForm(base: string): string {
  return `${base}/-/user_settings/personal_access_tokens`;
}

/**
 * The form for a new personal token with its name and scopes filled in, on the server with that web address. Without
 * scopes: those that CodeMie documents.
 * https://docs.gitlab.com/user/profile/personal_access_tokens/#prefill-personal-access-token-name-and-scopes
 */
export function personalTokenPage(base: string, scopes: readonly string[] = documentedScopes): string {
  return withQuery(personalTokenForm(base), {
    name: 'CodeMie',
    scopes: missingScopes(scopes, [], implications).join(','),
  });
}
