/**
 * As `x-credential-type` names them; `oauth2` after the `oauth1` of
 * https://github.com/MitjaBezensek/SharpBucket/issues/108.
 */
export type TokenKind =
  | 'api_token'
  | 'repo_access_token'
  | 'project_access_token'
  | 'workspace_access_token'
  | 'oauth2'
  | 'app_password';

export interface User {
  readonly uuid: string;
  readonly username: string;
  /** The Atlassian account's address: the user name of Basic with an API token. */
  readonly email: string;
}

export interface Token {
  readonly kind: TokenKind;
  /** Username; undefined for access tokens, which belong to no user. */
  readonly username: string | undefined;
  /** `read:repository:bitbucket` for API tokens, `repository` for the others. */
  scopes: readonly string[];
  expiresAtMs: number | undefined;
  revoked: boolean;
  /** What an access token is bound to: `workspace`, `workspace/PROJECT` or `workspace/slug`. */
  readonly resource: string | undefined;
}

export interface Repository {
  readonly uuid: string;
  readonly workspace: string;
  readonly slug: string;
  readonly project: string;
  readonly isPrivate: boolean;
  /** Usernames. */
  readonly members: ReadonlySet<string>;
}

/** All a Bitbucket Cloud knows; repositories by `workspace/slug`, tokens by their value. */
export interface CloudState {
  readonly users: Map<string, User>;
  readonly repositories: Map<string, Repository>;
  readonly tokens: Map<string, Token>;
}

/** An empty Bitbucket. */
export function createState(): CloudState {
  return { users: new Map(), repositories: new Map(), tokens: new Map() };
}

/** Whether a token opens a private repository. */
export function reaches(token: Token, repository: Repository): boolean {
  const { workspace, slug, project, members } = repository;
  const bound: Partial<Record<TokenKind, string>> = {
    repo_access_token: `${workspace}/${slug}`,
    project_access_token: `${workspace}/${project}`,
    workspace_access_token: workspace,
  };
  return bound[token.kind] === undefined
    ? members.has(token.username ?? '')
    : bound[token.kind] === token.resource;
}
