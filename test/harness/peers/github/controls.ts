import { createHash } from 'node:crypto';
import { anonymousKey, type RateLimit, type RateLimits } from './rate-limits.ts';
import {
  type Account,
  type App,
  ensureAccount,
  findRepository,
  fullNameOf,
  type GitHubState,
  type Installation,
  nextId,
  type OrganizationPolicy,
  type Permissions,
  type Repository,
  type RepositoryRole,
  type Token,
  type TokenKind,
} from './state.ts';

interface NewToken {
  /** The secret itself. */
  token: string;
  /** Its user, added when unknown. */
  login: string;
  /** Default `classic`. */
  kind?: Exclude<TokenKind, 'installation'>;
  /** Default: what GitHub keeps when all of `repo` and `project` is ticked, `project` and `repo`. */
  scopes?: readonly string[];
  /** OAuth app or App the token was made for; given for those kinds by default. */
  clientId?: string;
  expiresAt?: Date;
  /** Default `UTC`; see `formatExpiry`. */
  expiryZone?: string;
  /** Fine-grained tokens and tokens of an App's user. */
  permissions?: Permissions;
  /** `owner/name`; default all. */
  repositories?: readonly string[];
  /** Organizations it is authorised for by single sign-on. */
  samlAuthorizedFor?: readonly string[];
}

interface NewRepository {
  /** `owner/name`; the owner is added as a user when unknown. */
  fullName: string;
  /** Default true. */
  private?: boolean;
  /** Roles by login. */
  collaborators?: Readonly<Record<string, RepositoryRole>>;
  archived?: boolean;
  disabled?: boolean;
}

interface NewApp {
  id: number;
  /** PEM, as given to the operator (or its public half); undefined for an app without any key. */
  privateKey: string | undefined;
  /** Default `app-<id>`. */
  slug?: string;
  /** Login of its owner; default `app-owner`. */
  owner?: string;
  clientId?: string;
  /** Default `{ contents: 'write', pull_requests: 'write', metadata: 'read' }`. */
  permissions?: Permissions;
}

interface NewInstallation {
  appId: number;
  /** Login, added when unknown. */
  account: string;
  /** Default: what the account is, `Organization` for one added by this. */
  accountType?: Account['type'];
  /** Default false: see `Installation.hidesAccount`. */
  hidesAccount?: boolean;
  /** Default the next free number. */
  id?: number;
  /** What the account approved; default what the app asks for now. */
  permissions?: Permissions;
  /** `owner/name`; default all of the account's. */
  repositories?: readonly string[];
}

/** What a test can do to a GitHub. Ids and logins that are not known throw. */
export interface GitHubControls {
  addUser(login: string): Account;
  addOrganization(login: string, policy?: OrganizationPolicy): Account;
  setPolicy(login: string, policy: OrganizationPolicy): void;
  suspendUser(login: string, suspended?: boolean): void;
  addRepository(repository: NewRepository): Repository;
  /** The old name redirects from now on. */
  renameRepository(fullName: string, newFullName: string): void;
  removeRepository(fullName: string): void;
  addToken(token: NewToken): void;
  setScopes(token: string, scopes: readonly string[]): void;
  setPermissions(token: string, permissions: Permissions): void;
  /** By default a second ago by the peer's clock. */
  expireToken(token: string, at?: Date): void;
  revokeToken(token: string): void;
  /** By login, or `anonymous`. `{ used: 5000 }` leaves nothing. */
  setRateLimit(login: string, change: Partial<RateLimit>): void;
  addApp(app: NewApp): App;
  removeApp(id: number): void;
  /** Another key, or none: then GitHub says that the app must generate one. */
  setAppKey(id: number, privateKey: string | undefined): void;
  /** What the app asks for from now on; its installations keep what was approved. */
  setAppPermissions(id: number, permissions: Permissions): void;
  addInstallation(installation: NewInstallation): Installation;
  /** The account approves all the app asks for now. */
  approvePermissions(installationId: number): void;
  suspend(installationId: number): void;
  unsuspend(installationId: number): void;
  removeInstallation(installationId: number): void;
  /** Removes it and installs the app on the same account again, under a new id. */
  reinstall(installationId: number): Installation;
}

/** The controls over `state`; `now` is the peer's clock. */
export function createControls(state: GitHubState, limits: RateLimits, now: () => number): GitHubControls {
  const addInstallation = (wanted: NewInstallation): Installation => {
    const app = known(state.apps, wanted.appId);
    const account = ensureAccount(state, wanted.account, wanted.accountType ?? 'Organization');
    account.type = wanted.accountType ?? account.type;
    const installation: Installation = {
      id: wanted.id ?? nextId(state),
      appId: app.id,
      account: account.login,
      permissions: wanted.permissions ?? app.permissions,
      repositories: lowerCaseSet(wanted.repositories),
      suspendedAtMs: undefined,
      createdAtMs: now(),
      hidesAccount: wanted.hidesAccount ?? false,
    };
    state.installations.set(installation.id, installation);
    state.revision += 1;
    return installation;
  };

  const removeInstallation = (id: number): void => {
    known(state.installations, id);
    state.installations.delete(id);
    for (const [secret, token] of state.tokens) {
      if (token.installationId === id) {
        state.tokens.delete(secret);
      }
    }
    state.revision += 1;
  };

  const changeApp = (id: number, change: Partial<Pick<App, 'privateKey' | 'permissions'>>): void => {
    Object.assign(known(state.apps, id), change);
    state.revision += 1;
  };

  return {
    addUser: (login) => ensureAccount(state, login),
    addOrganization(login, policy = {}) {
      const account = ensureAccount(state, login, 'Organization');
      account.type = 'Organization';
      account.policy = policy;
      return account;
    },
    setPolicy: (login, policy) => void (known(state.accounts, login.toLowerCase()).policy = policy),
    suspendUser: (login, suspended = true) =>
      void (known(state.accounts, login.toLowerCase()).suspended = suspended),
    addRepository: (repository) => addRepository(state, repository),
    renameRepository: (from, to) => renameRepository(state, from, to),
    removeRepository(fullName) {
      state.repositories.delete(fullName.toLowerCase());
      state.revision += 1;
    },
    addToken: (token) => void state.tokens.set(token.token, tokenOf(state, token, now())),
    setScopes: (token, scopes) => void (known(state.tokens, token).scopes = scopes.toSorted()),
    setPermissions: (token, permissions) => void (known(state.tokens, token).permissions = permissions),
    expireToken: (token, at) => void (known(state.tokens, token).expiresAtMs = at?.getTime() ?? now() - 1000),
    revokeToken: (token) => void (known(state.tokens, token).revoked = true),
    setRateLimit(login, change) {
      const key =
        login === 'anonymous' ? anonymousKey : `user ID ${known(state.accounts, login.toLowerCase()).id}`;
      limits.set(key, change, now());
    },
    addApp: (app) => addApp(state, app),
    removeApp(id) {
      known(state.apps, id);
      state.apps.delete(id);
      state.revision += 1;
    },
    setAppKey: (id, privateKey) => changeApp(id, { privateKey }),
    setAppPermissions: (id, permissions) => changeApp(id, { permissions }),
    addInstallation,
    approvePermissions(id) {
      const installation = known(state.installations, id);
      installation.permissions = known(state.apps, installation.appId).permissions;
      state.revision += 1;
    },
    suspend: (id) => void (known(state.installations, id).suspendedAtMs = now()),
    unsuspend: (id) => void (known(state.installations, id).suspendedAtMs = undefined),
    removeInstallation,
    reinstall(id) {
      const { appId, account, permissions, repositories } = known(state.installations, id);
      removeInstallation(id);
      return addInstallation({
        appId,
        account,
        permissions,
        ...(repositories && { repositories: [...repositories] }),
      });
    },
  };
}

function addRepository(state: GitHubState, wanted: NewRepository): Repository {
  const [owner = '', name = ''] = wanted.fullName.split('/');
  const repository: Repository = {
    id: nextId(state),
    owner: ensureAccount(state, owner).login,
    name,
    private: wanted.private ?? true,
    archived: wanted.archived ?? false,
    disabled: wanted.disabled ?? false,
    collaborators: new Map(
      Object.entries(wanted.collaborators ?? {}).map(([login, role]) => [login.toLowerCase(), role]),
    ),
    formerNames: new Set(),
  };
  state.repositories.set(wanted.fullName.toLowerCase(), repository);
  state.revision += 1;
  return repository;
}

function renameRepository(state: GitHubState, from: string, to: string): void {
  const repository = findRepository(state, from);
  const [owner = '', name = ''] = to.split('/');
  if (repository === undefined) {
    throw new Error(`The peer has no repository ${from}`);
  }
  state.repositories.delete(from.toLowerCase());
  repository.formerNames.add(fullNameOf(repository).toLowerCase());
  repository.owner = ensureAccount(state, owner).login;
  repository.name = name;
  state.repositories.set(to.toLowerCase(), repository);
  state.revision += 1;
}

function addApp(state: GitHubState, wanted: NewApp): App {
  const slug = wanted.slug ?? `app-${wanted.id}`;
  const app: App = {
    id: wanted.id,
    slug,
    clientId: wanted.clientId ?? `Iv23li${createHash('sha256').update(slug).digest('hex').slice(0, 14)}`,
    owner: ensureAccount(state, wanted.owner ?? 'app-owner').login,
    privateKey: wanted.privateKey,
    permissions: wanted.permissions ?? { contents: 'write', pull_requests: 'write', metadata: 'read' },
  };
  state.apps.set(app.id, app);
  state.revision += 1;
  return app;
}

const usualClientIds: ReadonlyMap<Token['kind'], string> = new Map([
  ['oauthApp', '178c6fc778ccc68e1d6a'],
  ['appUser', 'Iv1.a0facee5139c0213'],
]);

function tokenOf(state: GitHubState, wanted: NewToken, nowMs: number): Token {
  const kind = wanted.kind ?? 'classic';
  return {
    id: nextId(state),
    kind,
    login: ensureAccount(state, wanted.login).login,
    scopes: kind === 'appUser' ? [] : (wanted.scopes ?? ['project', 'repo']).toSorted(),
    clientId: wanted.clientId ?? usualClientIds.get(kind),
    createdAtMs: nowMs,
    expiresAtMs: wanted.expiresAt?.getTime(),
    expiryZone: wanted.expiryZone ?? 'UTC',
    revoked: false,
    permissions: wanted.permissions ?? {},
    repositories: lowerCaseSet(wanted.repositories),
    samlAuthorizedFor: lowerCaseSet(wanted.samlAuthorizedFor ?? []) ?? new Set(),
    installationId: undefined,
  };
}

function lowerCaseSet(names: readonly string[] | undefined): Set<string> | undefined {
  return names && new Set(names.map((name) => name.toLowerCase()));
}

/** Never prints the key: it may be a token. */
function known<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) {
    throw new Error('The peer knows none of that name');
  }
  return value;
}
