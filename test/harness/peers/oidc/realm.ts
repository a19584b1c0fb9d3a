import { randomUUID } from 'node:crypto';
import type { OidcAccount, OidcClient, OidcUser } from './accounts.ts';

/** A user of a realm. Tests change one as an administrator does in the console. */
export interface RealmUser {
  readonly id: string;
  readonly username: string;
  email: string | undefined;
  emailVerified: boolean;
  firstName: string | undefined;
  lastName: string | undefined;
  enabled: boolean;
  password: string | undefined;
  /** Something the user has to do in a browser first. */
  requiredActions: readonly string[];
  attributes: Readonly<Record<string, readonly string[]>>;
  readonly roles: Set<string>;
  /** The client whose service account it is. Keycloak does not apply the user profile to those. */
  readonly serviceAccountOf: string | undefined;
}

/** A client of a realm. */
export interface RealmClient {
  readonly id: string;
  readonly clientId: string;
  secret: string;
  publicClient: boolean;
  enabled: boolean;
  standardFlowEnabled: boolean;
  directAccessGrantsEnabled: boolean;
  serviceAccountsEnabled: boolean;
  /** `client-secret`, or another way to identify itself. */
  clientAuthenticatorType: string;
  attributes: Readonly<Record<string, string>>;
  /** Claims with a constant value, by mappers of the client. */
  hardcodedClaims: Readonly<Record<string, string>>;
  readonly defaultScopes: Set<string>;
}

/** A realm of Keycloak. */
export interface Realm {
  readonly name: string;
  enabled: boolean;
  /** Undefined: off, as in a new realm. */
  unmanagedAttributePolicy: string | undefined;
  /** By name; the value is the id. */
  readonly roles: ReadonlyMap<string, string>;
  /** By name; the value is the id. */
  readonly scopes: ReadonlyMap<string, string>;
  readonly clients: RealmClient[];
  readonly users: RealmUser[];
}

/** What every new client has. Those that are not in {@link namedInToken} only add claims. */
const scopesOfEveryClient = ['acr', 'basic', 'email', 'profile', 'roles', 'web-origins'];
/** May be asked for by every client. */
export const optionalScopes = ['address', 'microprofile-jwt', 'offline_access', 'organization', 'phone'];
/** Default scopes that are in the claim `scope`. */
export const namedInToken = ['codemie', 'email', 'profile'];
/** Roles that every user has. */
export const defaultRoles = (realm: string): string[] => [
  `default-roles-${realm}`,
  'offline_access',
  'uma_authorization',
];

/**
 * A realm as CodeMie's installation leaves it: with the client scope `codemie`, the roles `developer` and `admin`, and
 * the public client `codemie-sdk` of CodeMie's own SDK.
 */
export function createRealm(name: string, clients: readonly OidcClient[], users: readonly OidcUser[]): Realm {
  const withIds = (names: readonly string[]) => new Map(names.map((each) => [each, randomUUID()]));
  const realm: Realm = {
    name,
    enabled: true,
    unmanagedAttributePolicy: undefined,
    roles: withIds(['admin', 'developer', ...defaultRoles(name)]),
    scopes: withIds(['codemie', ...scopesOfEveryClient, ...optionalScopes]),
    clients: [],
    users: users.map((user) => toUser(user, user.password, undefined)),
  };
  addClient(realm, { clientId: 'codemie-sdk', publicClient: true, directAccessGrantsEnabled: true }, [
    'codemie',
  ]);
  for (const { clientId, clientSecret, account, scopes = ['codemie'] } of clients) {
    const settings = {
      clientId,
      secret: clientSecret,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
    };
    const client = addClient(realm, settings, scopes, false);
    realm.users.push(toUser(account, undefined, client.id));
  }
  return realm;
}

/** Adds a client, with its service account if it has one. */
export function addClient(
  realm: Realm,
  settings: Partial<RealmClient> & { clientId: string },
  scopes: readonly string[] = [],
  withUser = true,
): RealmClient {
  const client: RealmClient = {
    id: randomUUID(),
    secret: randomUUID(),
    publicClient: false,
    enabled: true,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    clientAuthenticatorType: 'client-secret',
    attributes: {},
    hardcodedClaims: {},
    ...settings,
    defaultScopes: new Set(settings.defaultScopes ?? [...scopesOfEveryClient, ...scopes]),
  };
  realm.clients.push(client);
  if (withUser && client.serviceAccountsEnabled) {
    const account = { subject: randomUUID(), username: `service-account-${client.clientId}`, roles: [] };
    realm.users.push(toUser({ ...account, firstName: undefined, lastName: undefined }, undefined, client.id));
  }
  return client;
}

/** Adds a human user without e-mail address, names and roles. */
export function addUser(realm: Realm, username: string, password: string | undefined): RealmUser {
  const account = { subject: randomUUID(), username, roles: [], firstName: undefined, lastName: undefined };
  const user = toUser(account, password, undefined);
  realm.users.push(user);
  return user;
}

/** The service account of a client. */
export function serviceAccountOf(realm: Realm, client: RealmClient): RealmUser | undefined {
  return realm.users.find((user) => user.serviceAccountOf === client.id);
}

function toUser(account: OidcAccount, password: string | undefined, clientId: string | undefined): RealmUser {
  const { subject, username, email, roles = ['developer'], attributes = {} } = account;
  return {
    id: subject,
    username,
    email,
    emailVerified: email !== undefined,
    firstName: 'firstName' in account ? account.firstName : 'CodeMie',
    lastName: 'lastName' in account ? account.lastName : 'Operator',
    enabled: true,
    password,
    requiredActions: [],
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, [value]])),
    roles: new Set(roles),
    serviceAccountOf: clientId,
  };
}
