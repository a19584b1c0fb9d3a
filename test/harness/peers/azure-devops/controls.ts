import { randomUUID } from 'node:crypto';
import { type AzureDevOpsState, type Organization, repositoryKey, type Token } from './state.ts';

interface NewToken {
  /** The secret itself. */
  token: string;
  /** Its user, added when unknown; default `alice@example.com`. */
  account?: string;
  /** The organization or collection that it is for; default all. */
  organization?: string;
  /** Default `vso.code_write`. */
  scopes?: readonly string[];
  expiresAt?: Date;
}

interface NewRepository {
  /** `organization/project/name`; the organization is added when unknown. */
  fullName: string;
  /** Accounts; default `alice@example.com`. */
  readers?: readonly string[];
}

/** What a test can do to an Azure DevOps. Tokens and organizations that are not known throw. */
export interface AzureDevOpsControls {
  /** An organization, or a collection of a server. */
  addOrganization(name: string, options?: { hasPublicProjects?: boolean }): Organization;
  addRepository(repository: NewRepository): void;
  addToken(token: NewToken): void;
  setScopes(token: string, scopes: readonly string[]): void;
  /** By default a second ago by the peer's clock. */
  expireToken(token: string, at?: Date): void;
  revokeToken(token: string): void;
  /** Whether a policy keeps the addresses of all clients out. */
  refuseAddresses(organization: string, refuses?: boolean): void;
}

const alice = 'alice@example.com';

/** The controls over `state`; `now` is the peer's clock. */
export function createControls(state: AzureDevOpsState, now: () => number): AzureDevOpsControls {
  const known = <T>(things: ReadonlyMap<string, T>, key: string): T => {
    const thing = things.get(key);
    if (thing === undefined) {
      throw new Error('The peer does not know that');
    }
    return thing;
  };
  const token = (secret: string): Token => known(state.tokens, secret);

  const addOrganization = (name: string, options: { hasPublicProjects?: boolean } = {}): Organization => {
    const organization = {
      name,
      hasPublicProjects: options.hasPublicProjects ?? false,
      refusesAddresses: false,
    };
    state.organizations.set(name.toLowerCase(), organization);
    return organization;
  };

  return {
    addOrganization,
    addRepository(wanted) {
      const [organization = '', project = '', name = ''] = wanted.fullName.split('/');
      if (!state.organizations.has(organization.toLowerCase())) {
        addOrganization(organization);
      }
      const readers = new Set(wanted.readers ?? [alice]);
      const repository = { id: randomUUID(), organization, project, name, readers };
      state.repositories.set(repositoryKey(organization, project, name), repository);
    },
    addToken(wanted) {
      const account = wanted.account ?? alice;
      if (!state.users.has(account)) {
        state.users.set(account, { id: randomUUID(), account });
      }
      state.tokens.set(wanted.token, {
        account,
        organization: wanted.organization,
        scopes: wanted.scopes ?? ['vso.code_write'],
        expiresAtMs: wanted.expiresAt?.getTime(),
        revoked: false,
      });
    },
    setScopes: (secret, scopes) => void (token(secret).scopes = scopes),
    expireToken: (secret, at) => void (token(secret).expiresAtMs = at?.getTime() ?? now() - 1000),
    revokeToken: (secret) => void (token(secret).revoked = true),
    refuseAddresses(organization, refuses = true) {
      known(state.organizations, organization.toLowerCase()).refusesAddresses = refuses;
    },
  };
}
