import {
  type AccessLevel,
  ensureUser,
  findProject,
  type GitLabState,
  nextId,
  type Project,
  type Token,
  type TokenKind,
  type User,
  type UserState,
} from './state.ts';

interface NewToken {
  /** The secret itself. */
  token: string;
  /** Default `personal`. */
  kind?: TokenKind;
  /** Its user, added when unknown; default `alice`, or a bot of the project or group, or the deploy token's own. */
  username?: string;
  /** Default `['api']`; a fine-grained token has `granular`. */
  scopes?: readonly string[];
  /** Makes it a fine-grained token with these, e.g. `Project: Read`. */
  permissions?: readonly string[];
  /** `YYYY-MM-DD`; default null. */
  expiresOn?: string | null;
  /** Full path a project's, group's or deploy token is bound to. */
  namespace?: string;
}

interface NewProject {
  /** Full path: `group/sub/name`. */
  path: string;
  /** Default `private`. */
  visibility?: Project['visibility'];
  archived?: boolean;
  /** Levels by username. */
  members?: Readonly<Record<string, AccessLevel>>;
  /** Levels by username, inherited from the group. */
  groupMembers?: Readonly<Record<string, AccessLevel>>;
}

/** What a test can do to a GitLab. Tokens and names that are not known throw. */
export interface GitLabControls {
  addUser(username: string): User;
  setUserState(username: string, state: UserState): void;
  addProject(project: NewProject): Project;
  /** The old path redirects from now on. */
  moveProject(path: string, newPath: string): void;
  /** A token of a project or group makes its bot a member there, as `level` (default 40). */
  addToken(token: NewToken, level?: AccessLevel): void;
  setScopes(token: string, scopes: readonly string[]): void;
  /** By default today, by the peer's clock. */
  expireToken(token: string, on?: string): void;
  revokeToken(token: string): void;
  disableImpersonation(): void;
}

/** The controls over `state`; `now` is the peer's clock. */
export function createControls(state: GitLabState, now: () => number): GitLabControls {
  const known = (secret: string): Token => {
    const token = state.tokens.get(secret);
    if (token === undefined) {
      throw new Error('The peer does not know that token');
    }
    return token;
  };

  return {
    addUser: (username) => ensureUser(state, username),
    setUserState: (username, userState) => void (ensureUser(state, username).state = userState),
    addProject(wanted) {
      const project: Project = {
        id: nextId(state),
        path: wanted.path,
        visibility: wanted.visibility ?? 'private',
        archived: wanted.archived ?? false,
        projectMembers: new Map(Object.entries(wanted.members ?? {})),
        groupMembers: new Map(Object.entries(wanted.groupMembers ?? {})),
        formerPaths: new Set(),
      };
      state.projects.set(wanted.path.toLowerCase(), project);
      return project;
    },
    moveProject(path, newPath) {
      const found = findProject(state, path);
      if (found === undefined) {
        throw new Error(`The peer has no project ${path}`);
      }
      state.projects.delete(found.project.path.toLowerCase());
      found.project.formerPaths.add(found.project.path.toLowerCase());
      found.project.path = newPath;
      state.projects.set(newPath.toLowerCase(), found.project);
    },
    addToken(wanted, level = 40) {
      const token = tokenOf(state, wanted, now());
      state.tokens.set(wanted.token, token);
      makeMember(state, token, level);
    },
    setScopes: (token, scopes) => void (known(token).scopes = scopes),
    expireToken: (token, on) =>
      void (known(token).expiresOn = on ?? new Date(now()).toISOString().slice(0, 10)),
    revokeToken: (token) => void (known(token).revoked = true),
    disableImpersonation: () => void (state.impersonationEnabled = false),
  };
}

function tokenOf(state: GitLabState, wanted: NewToken, nowMs: number): Token {
  const id = nextId(state);
  const kind = wanted.kind ?? 'personal';
  const isBot = kind === 'projectAccess' || kind === 'groupAccess';
  const username = wanted.username ?? defaultUsername(kind, id);
  if (kind !== 'deploy') {
    ensureUser(state, username, isBot);
  }
  return {
    id,
    kind,
    name: `token-${id}`,
    username,
    scopes: wanted.permissions === undefined ? (wanted.scopes ?? ['api']) : ['granular'],
    expiresOn: wanted.expiresOn ?? null,
    revoked: false,
    createdAtMs: nowMs,
    permissions: wanted.permissions && new Set(wanted.permissions),
    namespace: wanted.namespace,
  };
}

/** Bots are called so: https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects */
function defaultUsername(kind: TokenKind, id: number): string {
  const special: Partial<Record<TokenKind, string>> = {
    projectAccess: `project_${id}_bot_harness`,
    groupAccess: `group_${id}_bot_harness`,
    serviceAccount: `service_account_${id}`,
    deploy: `gitlab+deploy-token-${id}`,
  };
  return special[kind] ?? 'alice';
}

function makeMember(state: GitLabState, token: Token, level: AccessLevel): void {
  for (const project of state.projects.values()) {
    if (token.kind === 'projectAccess' && project.path === token.namespace) {
      project.projectMembers.set(token.username, level);
    }
    if (token.kind === 'groupAccess' && project.path.startsWith(`${token.namespace}/`)) {
      project.groupMembers.set(token.username, level);
    }
  }
}
