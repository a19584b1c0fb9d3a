import { z } from 'zod';
import {
  addClient,
  addUser,
  type Realm,
  type RealmClient,
  type RealmUser,
  serviceAccountOf,
} from './realm.ts';
import type { KeycloakAnswer } from './token-endpoint.ts';

const clientSettings = z.object({
  clientId: z.string(),
  secret: z.string().optional(),
  publicClient: z.boolean().optional(),
  enabled: z.boolean().optional(),
  standardFlowEnabled: z.boolean().optional(),
  directAccessGrantsEnabled: z.boolean().optional(),
  serviceAccountsEnabled: z.boolean().optional(),
  clientAuthenticatorType: z.string().optional(),
  attributes: z.record(z.string(), z.string()).optional(),
});
const newClient = clientSettings.extend({
  defaultClientScopes: z.array(z.string()).optional(),
  protocolMappers: z
    .array(
      z.object({
        protocolMapper: z.literal('oidc-hardcoded-claim-mapper'),
        config: z.looseObject({ 'claim.name': z.string(), 'claim.value': z.string() }),
      }),
    )
    .optional(),
});
const realmSettings = z.object({ enabled: z.boolean().optional() });
const credentials = z.array(z.object({ type: z.literal('password'), value: z.string() }));
const userSettings = z.object({
  email: z.string().optional(),
  emailVerified: z.boolean().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  enabled: z.boolean().optional(),
  requiredActions: z.array(z.string()).optional(),
  attributes: z.record(z.string(), z.array(z.string())).optional(),
});
const newUser = z.object({ username: z.string(), credentials });
const roleList = z.array(z.object({ id: z.string(), name: z.string() }));
const profile = z.object({ unmanagedAttributePolicy: z.string().optional() });

/** A request to the admin API, its path from `/admin/realms/<realm>` on, decoded. */
export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined if there is none. */
  readonly body: unknown;
}

const noContent: KeycloakAnswer = { status: 204 };
const notFound = (what: string): KeycloakAnswer => ({ status: 404, body: { error: what } });

/**
 * The part of Keycloak's admin API with which a client for CodeMie is made
 * (https://www.keycloak.org/docs-api/latest/rest-api/index.html), with what it enforces: names that are taken, roles and
 * scopes that have to exist, and attributes of people that are dropped while unmanaged attributes are off.
 */
export function answerAdmin(realm: Realm, base: string, request: AdminRequest): KeycloakAnswer {
  const { method, path, query, body } = request;
  const on = (wanted: string, pattern: RegExp): RegExpExecArray | null =>
    method === wanted ? pattern.exec(path) : null;

  if (on('PUT', /^$/)) {
    realm.enabled = realmSettings.parse(body).enabled ?? realm.enabled;
    return noContent;
  }
  if (on('POST', /^\/clients$/)) {
    const { defaultClientScopes, protocolMappers = [], ...settings } = newClient.parse(body);
    if (realm.clients.some(({ clientId }) => clientId === settings.clientId))
      return { status: 409, body: { errorMessage: `Client ${settings.clientId} already exists` } };
    const mapped = protocolMappers.map(({ config }) => [config['claim.name'], config['claim.value']]);
    const { id } = addClient(realm, {
      ...withoutUndefined(settings),
      hardcodedClaims: Object.fromEntries(mapped),
      ...(defaultClientScopes && { defaultScopes: new Set(defaultClientScopes) }),
    });
    return { status: 201, headers: { location: `${base}/clients/${id}` } };
  }
  if (on('POST', /^\/users$/)) {
    const { username, credentials: given } = newUser.parse(body);
    const user = addUser(realm, username, given[0]?.value);
    putUser(realm, user, body);
    return { status: 201, headers: { location: `${base}/users/${user.id}` } };
  }
  if (on('GET', /^\/clients$/)) {
    const wanted = query.get('clientId');
    return {
      status: 200,
      body: realm.clients.filter(({ clientId }) => wanted === null || clientId === wanted).map(shownClient),
    };
  }
  if (on('GET', /^\/client-scopes$/)) {
    const body = [...realm.scopes].map(([name, id]) => ({ id, name, protocol: 'openid-connect' }));
    return { status: 200, body };
  }
  if (on('GET', /^\/users\/profile$/))
    return { status: 200, body: { attributes: [], groups: [], ...policyOf(realm) } };
  if (on('PUT', /^\/users\/profile$/)) {
    realm.unmanagedAttributePolicy = profile.parse(body).unmanagedAttributePolicy;
    return { status: 200, body: { attributes: [], groups: [], ...policyOf(realm) } };
  }
  const role = on('GET', /^\/roles\/([^/]+)$/)?.[1];
  if (role !== undefined) {
    const id = realm.roles.get(role);
    return id === undefined
      ? notFound('Could not find role')
      : { status: 200, body: { id, name: role, composite: false, clientRole: false } };
  }
  const [, clientId, rest = ''] = /^\/clients\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (clientId !== undefined) {
    const client = realm.clients.find(({ id }) => id === clientId);
    return client ? answerClient(realm, client, method, rest, body) : notFound('Could not find client');
  }
  const [, userId, ofUser = ''] = /^\/users\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (userId !== undefined) {
    const user = realm.users.find(({ id }) => id === userId);
    return user ? answerUser(realm, user, method, ofUser, body) : notFound('User not found');
  }
  return notFound('HTTP 404 Not Found');
}

function answerClient(
  realm: Realm,
  client: RealmClient,
  method: string,
  path: string,
  body: unknown,
): KeycloakAnswer {
  if (method === 'PUT' && path === '') {
    const { attributes, ...settings } = withoutUndefined(clientSettings.partial().parse(body));
    Object.assign(client, settings);
    client.attributes = { ...client.attributes, ...attributes };
    return noContent;
  }
  if (method === 'GET' && path === '/client-secret')
    return { status: 200, body: { type: 'secret', value: client.secret } };
  if (method === 'GET' && path === '/service-account-user') {
    const user = serviceAccountOf(realm, client);
    return user ? { status: 200, body: shownUser(user) } : notFound('Service account not enabled');
  }
  const [, scopeId] = /^\/default-client-scopes\/([^/]+)$/.exec(path) ?? [];
  if (method === 'PUT' && scopeId !== undefined) {
    const name = [...realm.scopes].find(([, id]) => id === scopeId)?.[0];
    if (name === undefined) return notFound('Client scope not found');
    client.defaultScopes.add(name);
    return noContent;
  }
  return notFound('HTTP 404 Not Found');
}

function answerUser(
  realm: Realm,
  user: RealmUser,
  method: string,
  path: string,
  body: unknown,
): KeycloakAnswer {
  if (method === 'GET' && path === '') return { status: 200, body: shownUser(user) };
  if (method === 'PUT' && path === '') {
    putUser(realm, user, body);
    return noContent;
  }
  if (method === 'POST' && path === '/role-mappings/realm') {
    const roles = roleList.parse(body);
    if (roles.some(({ id, name }) => realm.roles.get(name) !== id)) return notFound('Role not found');
    for (const { name } of roles) user.roles.add(name);
    return noContent;
  }
  return notFound('HTTP 404 Not Found');
}

function putUser(realm: Realm, user: RealmUser, body: unknown): void {
  const { attributes, ...fields } = userSettings.parse(body);
  Object.assign(user, withoutUndefined(fields));
  const keeps = user.serviceAccountOf !== undefined || realm.unmanagedAttributePolicy !== undefined;
  if (attributes === undefined) return;
  // Attributes of the user profile are fields of the user, whichever way they come.
  const { firstName, lastName, ...unmanaged } = attributes;
  user.firstName = firstName?.[0] ?? user.firstName;
  user.lastName = lastName?.[0] ?? user.lastName;
  user.attributes = keeps ? unmanaged : {};
}

function shownClient({
  secret: _secret,
  hardcodedClaims: _claims,
  defaultScopes,
  ...client
}: RealmClient): object {
  return { ...client, protocol: 'openid-connect', defaultClientScopes: [...defaultScopes] };
}

function shownUser(user: RealmUser): object {
  const { password: _password, roles: _roles, serviceAccountOf: _client, attributes, ...shown } = user;
  return { ...shown, ...(Object.keys(attributes).length > 0 && { attributes }) };
}

function policyOf({ unmanagedAttributePolicy }: Realm): object {
  return unmanagedAttributePolicy === undefined ? {} : { unmanagedAttributePolicy };
}

/** A field that is left out of a request keeps its value. */
function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter takes out what the type takes out
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
