import type { Site } from './site.ts';
import {
  type Account,
  type App,
  type GitHubState,
  type Installation,
  installationsOf,
  type Permissions,
  type Repository,
  type RepositoryRole,
} from './state.ts';

/** RFC 3339 in seconds, as GitHub writes times. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The short form of a user or organization, as it stands inside other answers. */
export function accountBody(site: Site, account: Account): Record<string, unknown> {
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type, account.id),
    avatar_url: `https://avatars.githubusercontent.com/u/${account.id}?v=4`,
    gravatar_id: '',
    url: `${site.apiUrl}/users/${account.login}`,
    html_url: `${site.webUrl}/${account.login}`,
    type: account.type,
    site_admin: false,
  };
}

/** An enterprise has a slug and no login: the schema `enterprise` of https://github.com/github/rest-api-description */
function enterpriseBody(site: Site, account: Account): Record<string, unknown> {
  return {
    id: account.id,
    node_id: nodeId('Business', account.id),
    name: account.login,
    slug: account.login,
    html_url: `${site.webUrl}/enterprises/${account.login}`,
    avatar_url: `https://avatars.githubusercontent.com/b/${account.id}?v=4`,
    description: null,
    website_url: null,
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
  };
}

/** `GET /user` of a token without the scope `user`: the public profile. */
export function userBody(site: Site, account: Account): Record<string, unknown> {
  return {
    ...accountBody(site, account),
    name: account.login,
    company: null,
    blog: '',
    email: null,
    public_repos: 0,
    followers: 0,
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
  };
}

/** `GET /repos/{owner}/{repo}`; `permissions` is the user's role, absent for anonymous requests. */
export function repositoryBody(
  site: Site,
  owner: Account,
  repository: Repository,
  role: RepositoryRole | undefined,
): Record<string, unknown> {
  const fullName = `${owner.login}/${repository.name}`;
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName,
    private: repository.private,
    visibility: repository.private ? 'private' : 'public',
    owner: accountBody(site, owner),
    html_url: `${site.webUrl}/${fullName}`,
    url: `${site.apiUrl}/repos/${fullName}`,
    clone_url: `${site.webUrl}/${fullName}.git`,
    default_branch: 'main',
    archived: repository.archived,
    disabled: repository.disabled,
    ...(role === undefined ? {} : { permissions: rolePermissions(role) }),
  };
}

/** `GET /app`, as in GitHub's response recorded in PyGithub's test suite (`GithubApp.testGetAuthenticatedApp`). */
export function appBody(site: Site, state: GitHubState, app: App, owner: Account): Record<string, unknown> {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: nodeId('App', app.id),
    owner: accountBody(site, owner),
    name: app.slug,
    description: null,
    external_url: `https://${app.slug}.example.com`,
    html_url: `${site.webUrl}/apps/${app.slug}`,
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
    permissions: app.permissions,
    events: [],
    installations_count: installationsOf(state, app.id).length,
  };
}

/** An installation, as in GitHub's response recorded in PyGithub's test suite (`GithubIntegration.testGetInstallations`). */
export function installationBody(
  site: Site,
  app: App,
  installation: Installation,
  account: Account,
): Record<string, unknown> {
  const settings = account.type === 'Organization' ? `organizations/${account.login}/settings` : 'settings';
  const shown = account.type === 'Enterprise' ? enterpriseBody(site, account) : accountBody(site, account);
  return {
    id: installation.id,
    account: installation.hidesAccount ? null : shown,
    repository_selection: installation.repositories === undefined ? 'all' : 'selected',
    access_tokens_url: `${site.apiUrl}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${site.apiUrl}/installation/repositories`,
    html_url: `${site.webUrl}/${settings}/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    client_id: app.clientId,
    target_id: account.id,
    target_type: account.type,
    permissions: withMetadata(installation.permissions),
    events: [],
    created_at: timestamp(installation.createdAtMs),
    updated_at: timestamp(installation.suspendedAtMs ?? installation.createdAtMs),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAtMs === undefined ? null : timestamp(installation.suspendedAtMs),
  };
}

/** `metadata: read` comes with any other repository permission. */
export function withMetadata(permissions: Permissions): Permissions {
  return Object.keys(permissions).length === 0 ? permissions : { metadata: 'read', ...permissions };
}

const roles: readonly RepositoryRole[] = ['pull', 'triage', 'push', 'maintain', 'admin'];

function rolePermissions(role: RepositoryRole): Record<string, boolean> {
  return Object.fromEntries(roles.map((name, rank) => [name, rank <= roles.indexOf(role)]));
}

function nodeId(type: string, id: number): string {
  return Buffer.from(`0:${type}${id}`).toString('base64');
}
