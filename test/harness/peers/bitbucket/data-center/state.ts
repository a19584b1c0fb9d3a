/** `user`: a user's HTTP access token; the others belong to a project or repository and to no user. */
export type TokenKind = 'user' | 'project' | 'repository';

export interface User {
  readonly id: number;
  readonly name: string;
  readonly password: string;
  /** Basic logins that failed in a row; after some a CAPTCHA is asked for. */
  failures: number;
}

export interface Token {
  readonly kind: TokenKind;
  /** The user it acts as; what `X-AUSERNAME` says, absent when undefined. */
  readonly actsAs: string | undefined;
  /** `PROJECT` or `PROJECT/slug` for the kinds bound to one. */
  readonly resource: string | undefined;
  expiresAtMs: number | undefined;
  revoked: boolean;
}

export interface Repository {
  readonly id: number;
  readonly project: string;
  readonly slug: string;
  readonly isPublic: boolean;
  /** User names. */
  readonly readers: ReadonlySet<string>;
}

/** All a Bitbucket Data Center knows; repositories by `PROJECT/slug`, tokens by their value. */
export interface DataCenterState {
  readonly users: Map<string, User>;
  readonly tokens: Map<string, Token>;
  readonly repositories: Map<string, Repository>;
  lastId: number;
}

/** An empty Bitbucket. */
export function createState(): DataCenterState {
  return { users: new Map(), tokens: new Map(), repositories: new Map(), lastId: 1 };
}

export function nextId(state: DataCenterState): number {
  state.lastId += 1;
  return state.lastId;
}
