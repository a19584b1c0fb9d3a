/** A form as it is posted. */
export type Form = Record<string, string>;
/** Settings of an object of Keycloak's admin API. */
export type Fields = Record<string, unknown>;

/** The client that the tests make, with a secret that has to be encoded. */
export const client = { clientId: 'answers', secret: 's3cret+&=' };
/** Another one, as switching the service account off deletes its user. */
export const withoutServiceAccount = { clientId: 'answers-without', secret: client.secret };
/** How it asks for a token. */
export const byClient: Form = {
  grant_type: 'client_credentials',
  client_id: client.clientId,
  client_secret: client.secret,
};
/** How the person asks whom the tests make. */
export const byPassword: Form = {
  grant_type: 'password',
  client_id: 'codemie-sdk',
  username: 'answers-jane',
  password: 'her pass+word',
};
const anyClient = 'Invalid client or Invalid client credentials';

/**
 * A refusal by the token endpoint. `change`: what an administrator did before; it is undone afterwards, by `undo` or the
 * opposite of each field.
 */
interface Refusal {
  name: string;
  form: Form;
  change?: { of: 'realm' | 'client' | 'sdk' | 'service account' | 'jane'; fields: Fields; undo?: Fields };
  status: number;
  error: string;
  description?: string;
}

/** The refusals of Keycloak 26.4.7, run. */
export const refusals: readonly Refusal[] = [
  {
    name: 'a wrong secret',
    form: { ...byClient, client_secret: 'no' },
    status: 401,
    error: 'unauthorized_client',
    description: anyClient,
  },
  {
    name: 'no secret',
    form: { grant_type: 'client_credentials', client_id: 'answers' },
    status: 401,
    error: 'unauthorized_client',
    description: anyClient,
  },
  {
    name: 'an unknown client',
    form: { ...byClient, client_id: 'nobody' },
    status: 401,
    error: 'invalid_client',
    description: anyClient,
  },
  {
    name: 'no client',
    form: { grant_type: 'client_credentials' },
    status: 401,
    error: 'invalid_client',
    description: anyClient,
  },
  {
    name: 'a disabled client',
    form: byClient,
    change: { of: 'client', fields: { enabled: false } },
    status: 401,
    error: 'invalid_client',
    description: anyClient,
  },
  {
    name: 'a client that identifies itself by a signed JWT',
    form: byClient,
    change: {
      of: 'client',
      fields: { clientAuthenticatorType: 'client-jwt' },
      undo: { clientAuthenticatorType: 'client-secret' },
    },
    status: 400,
    error: 'invalid_client',
    description: 'Parameter client_assertion_type is missing',
  },
  {
    name: 'a client that identifies itself by a certificate',
    form: byClient,
    change: {
      of: 'client',
      fields: { clientAuthenticatorType: 'client-x509' },
      undo: { clientAuthenticatorType: 'client-secret' },
    },
    status: 401,
    error: 'invalid_client',
    description: anyClient,
  },
  {
    name: 'a client that requires DPoP',
    form: byClient,
    change: {
      of: 'client',
      fields: { attributes: { 'dpop.bound.access.tokens': 'true' } },
      undo: { attributes: { 'dpop.bound.access.tokens': 'false' } },
    },
    status: 400,
    error: 'invalid_request',
    description: 'DPoP proof is missing',
  },
  {
    name: 'a client that binds tokens to its certificate',
    form: byClient,
    change: {
      of: 'client',
      fields: { attributes: { 'tls.client.certificate.bound.access.tokens': 'true' } },
      undo: { attributes: { 'tls.client.certificate.bound.access.tokens': 'false' } },
    },
    status: 400,
    error: 'invalid_request',
    description: 'Client Certification missing for MTLS HoK Token Binding',
  },
  {
    name: 'a client without a service account',
    form: { ...byClient, client_id: withoutServiceAccount.clientId },
    status: 401,
    error: 'unauthorized_client',
    description: 'Client not enabled to retrieve service account',
  },
  {
    name: 'a client that is public',
    form: { ...byClient, client_id: 'codemie-sdk' },
    status: 401,
    error: 'unauthorized_client',
    description: 'Public client not allowed to retrieve service account',
  },
  {
    name: 'a scope that the client does not have',
    form: { ...byClient, scope: 'openid nonsense' },
    status: 400,
    error: 'invalid_scope',
    description: 'Invalid scopes: openid nonsense',
  },
  {
    name: 'a disabled service account',
    form: byClient,
    change: { of: 'service account', fields: { enabled: false } },
    status: 401,
    error: 'invalid_request',
    description: "User 'service-account-answers' disabled",
  },
  {
    name: 'a disabled realm',
    form: byClient,
    change: { of: 'realm', fields: { enabled: false } },
    status: 403,
    error: 'access_denied',
    description: 'Realm not enabled',
  },
  {
    name: 'the grant password for a client that does not allow it',
    form: { ...byPassword, client_id: 'answers', client_secret: client.secret },
    status: 400,
    error: 'unauthorized_client',
    description: 'Client not allowed for direct access grants',
  },
  {
    name: 'the grant password without the secret of the client',
    form: { ...byPassword, client_id: 'answers' },
    status: 401,
    error: 'unauthorized_client',
    description: anyClient,
  },
  {
    name: 'the grant password after it was switched off',
    form: byPassword,
    change: { of: 'sdk', fields: { directAccessGrantsEnabled: false } },
    status: 400,
    error: 'unauthorized_client',
    description: 'Client not allowed for direct access grants',
  },
  {
    name: 'a wrong password',
    form: { ...byPassword, password: 'no' },
    status: 401,
    error: 'invalid_grant',
    description: 'Invalid user credentials',
  },
  {
    name: 'an unknown user',
    form: { ...byPassword, username: 'nobody' },
    status: 401,
    error: 'invalid_grant',
    description: 'Invalid user credentials',
  },
  {
    name: 'a disabled user',
    form: byPassword,
    change: { of: 'jane', fields: { enabled: false } },
    status: 400,
    error: 'invalid_grant',
    description: 'Account disabled',
  },
  {
    name: 'a user with something to do first',
    form: byPassword,
    change: {
      of: 'jane',
      fields: { requiredActions: ['UPDATE_PASSWORD'] },
      undo: { requiredActions: [] },
    },
    status: 400,
    error: 'invalid_grant',
    description: 'Account is not fully set up',
  },
  {
    name: 'a user without e-mail address and names',
    form: { ...byPassword, username: 'answers-bare' },
    status: 400,
    error: 'invalid_grant',
    description: 'Account is not fully set up',
  },
  {
    name: 'an unknown grant',
    form: { ...byClient, grant_type: 'magic' },
    status: 400,
    error: 'unsupported_grant_type',
    description: 'Unsupported grant_type',
  },
  {
    name: 'no grant',
    form: { client_id: 'answers', client_secret: client.secret },
    status: 400,
    error: 'invalid_request',
    description: 'Missing form parameter: grant_type',
  },
];

/** Other paths below `/realms`, asked as the token endpoint is. */
export const otherPaths = [
  { path: '/realms/nowhere/protocol/openid-connect/token', status: 404, error: 'Realm does not exist' },
  { path: '/realms/REALM/token', status: 404, error: 'HTTP 404 Not Found' },
  { path: '/realms/REALM', status: 405, error: 'HTTP 405 Method Not Allowed' },
];
