export interface User {
  readonly id: string;
  /** The name people sign in with, e.g. `alice@example.com`. */
  readonly account: string;
}

export interface Token {
  readonly account: string;
  /** The organization or collection that it is for; undefined for all that its user reaches. */
  readonly organization: string | undefined;
  /** e.g. `vso.code`; `app_token` is full access. */
  scopes: readonly string[];
  expiresAtMs: number | undefined;
  revoked: boolean;
}

export interface Organization {
  readonly name: string;
  /** Then anonymous requests are answered where the project is public. */
  readonly hasPublicProjects: boolean;
  /** A policy of Entra ID keeps the address of every client out. */
  refusesAddresses: boolean;
}

interface Repository {
  readonly id: string;
  readonly organization: string;
  readonly project: string;
  readonly name: string;
  /** Accounts. */
  readonly readers: ReadonlySet<string>;
}

/** All an Azure DevOps knows; keys of organizations and repositories are in lower case. */
export interface AzureDevOpsState {
  readonly users: Map<string, User>;
  /** By the token itself. */
  readonly tokens: Map<string, Token>;
  readonly organizations: Map<string, Organization>;
  readonly repositories: Map<string, Repository>;
}

/** An empty Azure DevOps. */
export function createState(): AzureDevOpsState {
  return { users: new Map(), tokens: new Map(), organizations: new Map(), repositories: new Map() };
}

export function repositoryKey(organization: string, project: string, name: string): string {
  return `${organization}/${project}/${name}`.toLowerCase();
}
