/**
 * What a token is for. The first five are one table of GitLab's, personal access tokens; a project's and a
 * group's belong to a bot user.
 */
export type TokenKind =
  | 'personal'
  | 'projectAccess'
  | 'groupAccess'
  | 'serviceAccount'
  | 'impersonation'
  | 'oauth'
  | 'deploy';

/** Why GitLab refuses an account, by the names of lib/gitlab/auth/user_access_denied_reason.rb. */
export type UserState =
  | 'active'
  | 'blocked'
  | 'deactivated'
  | 'blocked_pending_approval'
  | 'terms_not_accepted'
  | 'unconfirmed'
  | 'password_expired';

export interface User {
  readonly id: number;
  readonly username: string;
  readonly bot: boolean;
  state: UserState;
}

export interface Token {
  readonly id: number;
  readonly kind: TokenKind;
  readonly name: string;
  readonly username: string;
  scopes: readonly string[];
  /** `YYYY-MM-DD`: it dies at 00:00 UTC of that day. Null: never. */
  expiresOn: string | null;
  revoked: boolean;
  readonly createdAtMs: number;
  /** Of a fine-grained token, e.g. `Project: Read`; undefined for a classic one. */
  permissions: ReadonlySet<string> | undefined;
  /** Full path of the project or group it is bound to. */
  readonly namespace: string | undefined;
}

/** 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner: https://docs.gitlab.com/api/access_requests/#valid-access-levels */
export type AccessLevel = 10 | 20 | 30 | 40 | 50;

export interface Project {
  readonly id: number;
  path: string;
  readonly visibility: 'private' | 'internal' | 'public';
  readonly archived: boolean;
  /** By username. */
  readonly projectMembers: Map<string, AccessLevel>;
  readonly groupMembers: Map<string, AccessLevel>;
  readonly formerPaths: Set<string>;
}

/** All a GitLab knows. Keys of projects are in lower case: paths ignore case. */
export interface GitLabState {
  readonly users: Map<string, User>;
  readonly projects: Map<string, Project>;
  /** By the token itself. */
  readonly tokens: Map<string, Token>;
  impersonationEnabled: boolean;
  lastId: number;
}

/** An empty GitLab. */
export function createState(): GitLabState {
  return {
    users: new Map(),
    projects: new Map(),
    tokens: new Map(),
    impersonationEnabled: true,
    lastId: 100,
  };
}

export function nextId(state: GitLabState): number {
  state.lastId += 1;
  return state.lastId;
}

/** The user of that name, added when there is none. */
export function ensureUser(state: GitLabState, username: string, bot = false): User {
  let user = state.users.get(username);
  if (user === undefined) {
    user = { id: nextId(state), username, bot, state: 'active' };
    state.users.set(username, user);
  }
  return user;
}

/** By id or full path; `moved` when the path is a former one. */
export function findProject(
  state: GitLabState,
  idOrPath: string,
): { project: Project; moved: boolean } | undefined {
  for (const project of state.projects.values()) {
    const path = idOrPath.toLowerCase();
    if (String(project.id) === path || project.path.toLowerCase() === path) {
      return { project, moved: false };
    }
    if (project.formerPaths.has(path)) {
      return { project, moved: true };
    }
  }
  return undefined;
}

/** The user's level in a project, the higher of both memberships; a bound token's bot has it only there. */
export function accessLevel(project: Project, token: Token): AccessLevel | undefined {
  const path = `${project.path.toLowerCase()}/`;
  if (token.namespace !== undefined && !path.startsWith(`${token.namespace.toLowerCase()}/`)) {
    return undefined;
  }
  const levels = [project.projectMembers.get(token.username), project.groupMembers.get(token.username)];
  return levels.filter((level) => level !== undefined).toSorted((a, b) => b - a)[0];
}
