import { randomUUID } from 'node:crypto';
import {
  defaultRoles,
  namedInToken,
  optionalScopes,
  type Realm,
  type RealmClient,
  type RealmUser,
  serviceAccountOf,
} from './realm.ts';

/** An answer of Keycloak; a string goes out as text. */
export interface KeycloakAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the token endpoint works with. */
export interface TokenEndpoint {
  readonly realm: Realm;
  readonly issuer: string;
  readonly lifetimeSeconds: () => number;
  /** Of the server's clock. */
  readonly nowSeconds: () => number;
  /** Signs claims as RS256. */
  readonly sign: (claims: Readonly<Record<string, unknown>>) => string;
}

const anyClient = 'Invalid client or Invalid client credentials';

/** `error` and `error_description` as RFC 6749, 5.2 has them. */
export function oauthError(status: number, error: string, description: string): KeycloakAnswer {
  return { status, body: { error, error_description: description } };
}

/**
 * `POST …/protocol/openid-connect/token` for the grants `client_credentials` and `password`, with every refusal of
 * Keycloak 26.4.7 for them, in its order (run; test/keycloak compares).
 */
export function answerToken(endpoint: TokenEndpoint, form: URLSearchParams, basic: string): KeycloakAnswer {
  const { realm } = endpoint;
  if (!realm.enabled) return oauthError(403, 'access_denied', 'Realm not enabled');
  const names = [...form.keys()];
  if (new Set(names).size < names.length) return oauthError(400, 'invalid_request', 'duplicated parameter');
  const grant = form.get('grant_type');
  if (grant === null) return oauthError(400, 'invalid_request', 'Missing form parameter: grant_type');
  if (grant !== 'client_credentials' && grant !== 'password')
    return oauthError(400, 'unsupported_grant_type', 'Unsupported grant_type');
  const presented = credentialsOf(form, basic);
  const client = realm.clients.find(({ clientId, enabled }) => enabled && clientId === presented.clientId);
  if (client === undefined) return oauthError(401, 'invalid_client', anyClient);
  if (client.clientAuthenticatorType.endsWith('jwt'))
    return oauthError(400, 'invalid_client', 'Parameter client_assertion_type is missing');
  if (client.clientAuthenticatorType === 'client-x509') return oauthError(401, 'invalid_client', anyClient);
  if (!client.publicClient && presented.secret !== client.secret)
    return oauthError(401, 'unauthorized_client', anyClient);
  if (client.attributes['dpop.bound.access.tokens'] === 'true')
    return oauthError(400, 'invalid_request', 'DPoP proof is missing');
  if (client.attributes['tls.client.certificate.bound.access.tokens'] === 'true')
    return oauthError(400, 'invalid_request', 'Client Certification missing for MTLS HoK Token Binding');
  return grant === 'password' ? byPassword(endpoint, client, form) : byClient(endpoint, client, form);
}

function credentialsOf(form: URLSearchParams, basic: string): { clientId?: string; secret?: string } {
  const [, encoded = ''] = /^Basic (.+)$/.exec(basic) ?? [];
  const [clientId, secret] = Buffer.from(encoded, 'base64').toString().split(':').map(decodeURIComponent);
  if (clientId !== undefined && secret !== undefined) return { clientId, secret };
  return { clientId: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
}

function byClient(endpoint: TokenEndpoint, client: RealmClient, form: URLSearchParams): KeycloakAnswer {
  if (client.publicClient)
    return oauthError(401, 'unauthorized_client', 'Public client not allowed to retrieve service account');
  if (!client.serviceAccountsEnabled)
    return oauthError(401, 'unauthorized_client', 'Client not enabled to retrieve service account');
  const user = serviceAccountOf(endpoint.realm, client);
  if (user === undefined) throw new Error('A client with service accounts has a user.');
  if (!user.enabled) return oauthError(401, 'invalid_request', `User '${user.username}' disabled`);
  return grantTo(endpoint, client, user, form);
}

function byPassword(endpoint: TokenEndpoint, client: RealmClient, form: URLSearchParams): KeycloakAnswer {
  if (!client.directAccessGrantsEnabled)
    return oauthError(400, 'unauthorized_client', 'Client not allowed for direct access grants');
  const { users } = endpoint.realm;
  const user = users.find(({ username }) => username === form.get('username'));
  if (user?.enabled === false) return oauthError(400, 'invalid_grant', 'Account disabled');
  if (user?.password === undefined || user.password !== form.get('password'))
    return oauthError(401, 'invalid_grant', 'Invalid user credentials');
  if (user.requiredActions.length > 0 || !hasProfile(user))
    return oauthError(400, 'invalid_grant', 'Account is not fully set up');
  return grantTo(endpoint, client, user, form);
}

/** What the user profile of a new realm requires of a human user. */
function hasProfile(user: RealmUser): boolean {
  return user.email !== undefined && user.firstName !== undefined && user.lastName !== undefined;
}

function grantTo(
  endpoint: TokenEndpoint,
  client: RealmClient,
  user: RealmUser,
  form: URLSearchParams,
): KeycloakAnswer {
  const asked = form.get('scope');
  const wanted = asked?.split(' ') ?? [];
  const known = new Set(['openid', ...client.defaultScopes, ...optionalScopes]);
  if (wanted.some((scope) => !known.has(scope)))
    return oauthError(400, 'invalid_scope', `Invalid scopes: ${asked}`);
  const additional = wanted.filter((scope) => !client.defaultScopes.has(scope));
  const scopes = new Set([...additional, ...client.defaultScopes]);
  const shown = [...scopes].filter((scope) => additional.includes(scope) || namedInToken.includes(scope));
  const lifetime = endpoint.lifetimeSeconds();
  const claims = {
    exp: endpoint.nowSeconds() + lifetime,
    iat: endpoint.nowSeconds(),
    jti: randomUUID(),
    iss: endpoint.issuer,
    aud: 'account',
    typ: 'Bearer',
    azp: client.clientId,
    scope: shown.join(' '),
    ...(scopes.has('roles') && {
      realm_access: { roles: [...defaultRoles(endpoint.realm.name), ...user.roles] },
    }),
    ...claimsOf(user, scopes),
    ...client.hardcodedClaims,
  };
  const token = endpoint.sign(claims);
  return {
    status: 200,
    body: {
      access_token: token,
      expires_in: lifetime,
      refresh_expires_in: 0,
      token_type: 'Bearer',
      ...(scopes.has('openid') && {
        id_token: endpoint.sign({ ...claims, aud: client.clientId, typ: 'ID' }),
      }),
      'not-before-policy': 0,
      scope: shown.join(' '),
    },
  };
}

/** The claims that client scopes map from a user, the same in the token and at the userinfo endpoint. */
function claimsOf(user: RealmUser, scopes: ReadonlySet<string>): Record<string, unknown> {
  const name = [user.firstName, user.lastName].filter((part) => part !== undefined).join(' ');
  const attribute = (key: string) => user.attributes[key]?.[0];
  const claims = {
    ...(scopes.has('basic') && { sub: user.id }),
    ...(scopes.has('email') && { email_verified: user.emailVerified, email: user.email }),
    ...(scopes.has('profile') && {
      name: name || undefined,
      preferred_username: user.username,
      given_name: user.firstName,
      family_name: user.lastName,
    }),
    ...(scopes.has('codemie') && {
      applications: attribute('applications'),
      applications_admin: attribute('applications_admin'),
    }),
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/**
 * `GET …/protocol/openid-connect/userinfo` for a token whose signature and time are good. It returns the present state.
 */
export function answerUserinfo(
  realm: Realm,
  claims: { azp?: string | undefined; sub?: string | undefined; scope: string } | undefined,
): KeycloakAnswer {
  const refuse = (status: number, error: string, description: string): KeycloakAnswer => ({
    status,
    body: '',
    headers: {
      'www-authenticate': `Bearer realm="${realm.name}", error="${error}", error_description="${description}"`,
    },
  });
  if (claims === undefined) return refuse(401, 'invalid_token', 'Token verification failed');
  const asked = claims.scope.split(' ');
  if (!asked.includes('openid')) return refuse(403, 'insufficient_scope', 'Missing openid scope');
  const client = realm.clients.find(({ clientId }) => clientId === claims.azp);
  const user =
    client?.serviceAccountsEnabled === true
      ? serviceAccountOf(realm, client)
      : realm.users.find(({ id }) => id === claims.sub);
  if (client === undefined || user === undefined)
    return refuse(401, 'invalid_token', 'User session not found');
  if (!user.enabled) return refuse(401, 'invalid_token', 'User disabled');
  const scopes = new Set([...asked, ...client.defaultScopes]);
  return { status: 200, body: { ...claimsOf(user, scopes), ...client.hardcodedClaims } };
}
