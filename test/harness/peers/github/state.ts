/** A grant on one resource of a GitHub App or fine-grained token, e.g. `{ contents: 'write' }`. */
export type Permissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** Rules an organization sets for tokens; see `policies.ts` for what each one answers. */
export interface OrganizationPolicy {
  /** SAML single sign-on: a classic token must be authorised for the organization. */
  samlEnforced?: boolean;
  /** The address of every client counts as one that is not on the list. */
  ipAllowList?: boolean;
  forbidsClassicTokens?: boolean;
  maxFineGrainedLifetimeDays?: number;
}

export interface Account {
  readonly id: number;
  readonly login: string;
  /** An enterprise is called by its slug, and neither user nor organization. */
  type: 'User' | 'Organization' | 'Enterprise';
  suspended: boolean;
  policy: OrganizationPolicy;
}

export type RepositoryRole = 'admin' | 'maintain' | 'push' | 'triage' | 'pull';

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  private: boolean;
  archived: boolean;
  disabled: boolean;
  /** Role by lower-case login; the owner is an administrator anyway. */
  readonly collaborators: Map<string, RepositoryRole>;
  /** `owner/name` in lower case of what it was called before; those redirect. */
  readonly formerNames: Set<string>;
}

export type TokenKind = 'classic' | 'fineGrained' | 'oauthApp' | 'appUser' | 'installation';

export interface Token {
  readonly id: number;
  readonly kind: TokenKind;
  /** Whose token it is; the account of the installation for an installation token. */
  readonly login: string;
  scopes: readonly string[];
  readonly clientId: string | undefined;
  readonly createdAtMs: number;
  expiresAtMs: number | undefined;
  /** How `github-authentication-token-expiration` writes its zone: `UTC`, `+0200`, `-0700`. */
  readonly expiryZone: string;
  revoked: boolean;
  permissions: Permissions;
  /** `owner/name` in lower case; undefined for all of the account's. */
  repositories: ReadonlySet<string> | undefined;
  /** Lower-case logins of the organizations it is authorised for by single sign-on. */
  readonly samlAuthorizedFor: Set<string>;
  readonly installationId: number | undefined;
}

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly clientId: string;
  readonly owner: string;
  /** PEM; undefined when its owner has deleted every key. */
  privateKey: string | undefined;
  /** What the app asks for; an installation has what its account has approved of that. */
  permissions: Permissions;
}

export interface Installation {
  readonly id: number;
  readonly appId: number;
  readonly account: string;
  permissions: Permissions;
  /** `owner/name` in lower case; undefined for all. */
  repositories: ReadonlySet<string> | undefined;
  suspendedAtMs: number | undefined;
  readonly createdAtMs: number;
  /** `account` is null in its answers, as GitHub's description of its API allows. */
  readonly hidesAccount: boolean;
}

/** All a GitHub knows. Keys of accounts and repositories are in lower case: GitHub's names ignore case. */
export interface GitHubState {
  readonly accounts: Map<string, Account>;
  readonly repositories: Map<string, Repository>;
  /** By the token itself. */
  readonly tokens: Map<string, Token>;
  readonly apps: Map<number, App>;
  readonly installations: Map<number, Installation>;
  /** The last number given out; accounts, repositories, tokens and installations share the sequence. */
  lastId: number;
  /** Grows with every change to apps, installations and repositories. */
  revision: number;
}

/** An empty GitHub. */
export function createState(): GitHubState {
  return {
    accounts: new Map(),
    repositories: new Map(),
    tokens: new Map(),
    apps: new Map(),
    installations: new Map(),
    lastId: 1000,
    revision: 0,
  };
}

export function nextId(state: GitHubState): number {
  state.lastId += 1;
  return state.lastId;
}

/** The account of that name, added as `type` when there is none. */
export function ensureAccount(state: GitHubState, login: string, type: Account['type'] = 'User'): Account {
  const known = state.accounts.get(login.toLowerCase());
  if (known !== undefined) {
    return known;
  }
  const account: Account = { id: nextId(state), login, type, suspended: false, policy: {} };
  state.accounts.set(login.toLowerCase(), account);
  return account;
}

/** The repository now called `fullName`, in any case. */
export function findRepository(state: GitHubState, fullName: string): Repository | undefined {
  return state.repositories.get(fullName.toLowerCase());
}

/** The repository that was called `fullName` before it was renamed. */
export function findRenamed(state: GitHubState, fullName: string): Repository | undefined {
  return [...state.repositories.values()].find((repository) =>
    repository.formerNames.has(fullName.toLowerCase()),
  );
}

export function fullNameOf(repository: Repository): string {
  return `${repository.owner}/${repository.name}`;
}

/** The installations of one app, newest first, as GitHub's recorded answers have them; the order is documented nowhere. */
export function installationsOf(state: GitHubState, appId: number): Installation[] {
  return [...state.installations.values()]
    .filter((installation) => installation.appId === appId)
    .toSorted((a, b) => b.id - a.id);
}

/** True if the installation covers the repository: same account, and selected if it selects. */
export function covers(installation: Installation, repository: Repository): boolean {
  return (
    installation.account.toLowerCase() === repository.owner.toLowerCase() &&
    (installation.repositories?.has(fullNameOf(repository).toLowerCase()) ?? true)
  );
}
