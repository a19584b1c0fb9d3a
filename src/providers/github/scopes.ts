import { type Implications, missingScopes } from '../scopes.ts';
import { withQuery } from '../urls.ts';

/** What each scope opens, and which it brings along. */
export const scopesPage =
  'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps';

/** What CodeMie's documentation asks of a personal access token. */
export const documentedScopes = [
  'repo',
  'repo:status',
  'repo_deployment',
  'public_repo',
  'repo:invite',
  'security_events',
  'project',
  'read:project',
];

/**
 * Parents and children of OAuth scopes. GitHub drops the children when a token is saved ("normalized scopes"), so a
 * token with all eight documented boxes ticked reports `project, repo` only.
 * {@link scopesPage}
 */
export const implications: Implications = {
  repo: ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events'],
  project: ['read:project'],
  'admin:repo_hook': ['write:repo_hook'],
  'write:repo_hook': ['read:repo_hook'],
  'admin:org': ['write:org'],
  'write:org': ['read:org'],
  'admin:public_key': ['write:public_key'],
  'write:public_key': ['read:public_key'],
  'admin:gpg_key': ['write:gpg_key'],
  'write:gpg_key': ['read:gpg_key'],
  user: ['read:user', 'user:email', 'user:follow'],
  'write:packages': ['read:packages'],
  'write:discussion': ['read:discussion'],
  audit_log: ['read:audit_log'],
  codespace: ['codespace:secrets'],
};

/** The form for a classic token, not filled in, on the server with that web address. */
export function classicTokenForm(base: string): string {
  return `${base}/settings/tokens/new`;
}

/**
 * The form for another token of the same kind, by its prefix, on the server with that web address. Of a classic one, name and
 * scopes are filled in.
 * https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
 */
export function newTokenPage(base: string, token: string): string {
  if (token.startsWith('github_pat_')) return `${base}/settings/personal-access-tokens/new`;
  return withQuery(classicTokenForm(base), {
    description: 'CodeMie',
    scopes: missingScopes(documentedScopes, [], implications).join(','),
  });
}
