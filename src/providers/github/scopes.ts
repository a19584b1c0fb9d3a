import type { Implications } from '../scopes.ts';

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

/** What CodeMie's documentation asks of a GitHub App. */
export const documentedPermissions = ['contents:write', 'pull_requests:write', 'metadata:read'];

/**
 * Parents and children of OAuth scopes. GitHub drops the children when a token is saved ("normalized scopes"), so a
 * token with all eight documented boxes ticked reports `project, repo` only.
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
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

const ranks = ['none', 'read', 'write', 'admin'];

/**
 * The required App permissions (`contents:write`) that a set of granted ones (`{ contents: 'read' }`) doesn't cover.
 * `none < read < write < admin`; an absent name is `none`.
 */
export function missingPermissions(required: readonly string[], granted: Record<string, string>): string[] {
  return required.filter((permission) => {
    const at = permission.lastIndexOf(':');
    const [name, level] =
      at === -1 ? [permission, 'read'] : [permission.slice(0, at), permission.slice(at + 1)];
    return ranks.indexOf(granted[name] ?? 'none') < Math.max(ranks.indexOf(level), 1);
  });
}
