import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import type { OidcFault } from '../../test/harness/peers/oidc/oidc-faults.ts';
import { createOidcPeer, type OidcPeer } from '../../test/harness/peers/oidc/oidc-peer.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import type { OidcAuth } from './auth.ts';
import { oidcGrant } from './oidc-grant.ts';

const client = {
  clientId: 'codemie-git-operator',
  clientSecret: 'the-SECRET',
  account: {
    subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b01',
    username: 'service-account',
    email: 'operator@example.com',
  },
};
const jane = {
  subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b02',
  username: 'jane',
  email: 'jane@example.com',
  password: 'her-SECRET',
};
const nowMs = 1_000_000;

let oidc: OidcPeer;
let internet: Internet;
let http: HttpClient;

beforeAll(async () => {
  oidc = createOidcPeer({ clients: [client], users: [jane] });
  internet = await startInternet({ peers: [oidc] });
  http = createHttpClient({
    policy: { allowedHosts: ['*.example.com'], allowPrivateNetworks: false },
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: stretched(5000),
    maxBodyBytes: 100_000,
    userAgent: 'test/1',
  });
});

afterEach(() => oidc.setFault(undefined));

afterAll(async () => {
  await http.close();
  await internet.close();
});

const byClient = (changes: object = {}): OidcAuth => ({
  kind: 'clientCredentials',
  tokenUrl: oidc.tokenUrl,
  clientId: client.clientId,
  clientSecret: client.clientSecret,
  ...changes,
});
const byPassword = (changes: object = {}): OidcAuth => ({
  kind: 'password',
  tokenUrl: oidc.tokenUrl,
  clientId: 'codemie-sdk',
  username: jane.username,
  password: jane.password,
  ...changes,
});

async function failureOf(auth: OidcAuth, scope = auth.scope ?? 'openid'): Promise<unknown> {
  const failure: unknown = await oidcGrant(http, auth, scope, () => nowMs).then(
    () => undefined,
    (error: unknown) => error,
  );
  for (let link = failure; link instanceof Error; link = link.cause) {
    expect(JSON.stringify(link, Object.getOwnPropertyNames(link))).not.toMatch(/SECRET|teapot/);
  }
  return failure;
}

/** What an administrator of the realm did; undone after the case. */
type Change = (realm: OidcPeer['realm']) => () => void;

function set<K extends string>(
  pick: (realm: OidcPeer['realm']) => { [key in K]: boolean } | undefined,
  key: K,
): Change {
  return (realm) => {
    const target = pick(realm);
    if (!target) throw new Error('There is no such object in the realm.');
    const before = target[key];
    target[key] = !before;
    return () => {
      target[key] = before;
    };
  };
}

function put<T extends object>(
  pick: (realm: OidcPeer['realm']) => T | undefined,
  fields: Partial<T>,
): Change {
  return (realm) => {
    const target = pick(realm);
    if (!target) throw new Error('There is no such object in the realm.');
    const before = { ...target };
    Object.assign(target, fields);
    return () => void Object.assign(target, before);
  };
}

const ofClient = (realm: OidcPeer['realm']) =>
  realm.clients.find(({ clientId }) => clientId === client.clientId);
const ofSdk = (realm: OidcPeer['realm']) => realm.clients.find(({ clientId }) => clientId === 'codemie-sdk');
const ofUser = (name: string) => (realm: OidcPeer['realm']) =>
  realm.users.find(({ username }) => username === name);

describe("Keycloak's refusals", () => {
  it.each<{ name: string; auth: () => OidcAuth; change?: Change; hint: string }>([
    {
      name: 'a wrong client secret',
      auth: () => byClient({ clientSecret: 'wrong-SECRET' }),
      hint: "It knows the client and rejects the client secret: store the client's present secret where auth.clientCredentials.clientSecretRef points.",
    },
    {
      name: 'an unknown client',
      auth: () => byClient({ clientId: 'nobody' }),
      hint: 'It has no such client, or the client is disabled or identifies itself by a certificate: check auth.clientCredentials.clientID, and the realm in tokenURL.',
    },
    {
      name: 'a disabled client',
      auth: byClient,
      change: set(ofClient, 'enabled'),
      hint: 'It has no such client, or the client is disabled or identifies itself by a certificate: check auth.clientCredentials.clientID, and the realm in tokenURL.',
    },
    {
      name: 'a public client',
      auth: () => byClient({ clientId: 'codemie-sdk' }),
      hint: 'The client is a public one: switch on "Client authentication" and "Service accounts roles" of the client.',
    },
    {
      name: 'a client without service account',
      auth: byClient,
      change: set(ofClient, 'serviceAccountsEnabled'),
      hint: 'The client has no service account: switch on "Service accounts roles" of the client.',
    },
    {
      name: 'a disabled service account',
      auth: byClient,
      change: set(ofUser('service-account'), 'enabled'),
      hint: "The client's service account is disabled: enable that user in the identity provider.",
    },
    {
      name: 'a client that identifies itself by a signed JWT',
      auth: byClient,
      change: put(ofClient, { clientAuthenticatorType: 'client-jwt' }),
      hint: 'The client identifies itself by a signed JWT: choose "Client Id and Secret" as the client authenticator of the client.',
    },
    {
      name: 'a client that requires DPoP',
      auth: byClient,
      change: put(ofClient, { attributes: { 'dpop.bound.access.tokens': 'true' } }),
      hint: 'The client requires DPoP, which the operator and CodeMie do not use: switch off "Require DPoP bound tokens" of the client.',
    },
    {
      name: 'a client that binds tokens to a certificate',
      auth: byClient,
      change: put(ofClient, { attributes: { 'tls.client.certificate.bound.access.tokens': 'true' } }),
      hint: 'The client binds tokens to a client certificate, which the operator does not have: switch off "OAuth 2.0 Mutual TLS Certificate Bound Access Tokens" of the client.',
    },
    {
      name: 'a user with something to do first',
      auth: byPassword,
      change: put(ofUser('jane'), { requiredActions: ['UPDATE_PASSWORD'] }),
      hint: 'The user has to complete its account first: sign in once with a browser, or clear its required actions.',
    },
    {
      name: 'a disabled realm',
      auth: byClient,
      change: set((realm) => realm, 'enabled'),
      hint: 'The realm in tokenURL is disabled: enable it in the identity provider.',
    },
    {
      name: 'a scope of the connection',
      auth: () => byClient({ scope: 'openid nonsense' }),
      hint: 'It does not know a scope of auth.clientCredentials.scope, or does not give it to this client.',
    },
    {
      name: 'a wrong password',
      auth: () => byPassword({ password: 'wrong-SECRET' }),
      hint: 'The user name or the password is wrong, or the account is locked or not fully set up.',
    },
    {
      name: 'a disabled user',
      auth: byPassword,
      change: set(ofUser('jane'), 'enabled'),
      hint: 'The user is disabled: enable it in the identity provider.',
    },
    {
      name: 'a client with a secret for the grant password',
      auth: () => byPassword({ clientId: client.clientId }),
      hint: 'Its client wants a secret, which the grant password does not send: name a public client in auth.password.clientID, or use auth.clientCredentials.',
    },
    {
      name: 'the grant password',
      auth: byPassword,
      change: set(ofSdk, 'directAccessGrantsEnabled'),
      hint: 'The client does not allow the grant password: switch on "Direct access grants" of the client.',
    },
  ])('for $name get a true sentence', async ({ auth, change, hint }) => {
    const undo = change?.(oidc.realm);
    const failure = await failureOf(auth());
    undo?.();
    const message = 'The identity provider does not accept the login of the connection.';
    expect(failure).toMatchObject({ name: 'CodeMieError', kind: 'unauthorized', message, hint });
  });

  it('say which field to set where an identity provider does not know openid', async () => {
    oidc.setFault({ kind: 'answer', status: 400, body: { error: 'invalid_scope' } });
    for (const auth of [byClient(), byPassword()])
      expect(await failureOf(auth)).toMatchObject({
        hint: `It does not give the scope openid, which is asked for by default: set auth.${auth.kind}.scope to the scopes that it wants.`,
      });
  });

  it('for a realm that it does not have speak of tokenURL', async () => {
    const tokenUrl = oidc.tokenUrl.replace('codemie-prod', 'codemie');
    expect(await failureOf(byClient({ tokenUrl }))).toMatchObject({
      kind: 'protocol',
      message: 'The identity provider of the connection has no realm of the name in tokenURL.',
    });
  });
});

const html = '<html><body>teapot</body></html>';

describe('answers that are not those of a token endpoint', () => {
  it.each<{ name: string; fault: OidcFault; kind: string; retryAtMs?: number }>([
    { name: 'an outage', fault: { kind: 'down' }, kind: 'unreachable' },
    {
      name: 'an outage with a time',
      fault: { kind: 'answer', status: 503, body: html, headers: { 'retry-after': '90' } },
      kind: 'unreachable',
      retryAtMs: nowMs + 90_000,
    },
    {
      name: 'a limit',
      fault: { kind: 'answer', status: 429, body: html, headers: { 'retry-after': '30' } },
      kind: 'rateLimited',
      retryAtMs: nowMs + 30_000,
    },
    { name: 'a firewall', fault: { kind: 'answer', status: 403, body: html }, kind: 'unreachable' },
    {
      name: 'a gateway that wants a login',
      fault: { kind: 'answer', status: 401, body: html },
      kind: 'unreachable',
    },
    {
      name: 'an unknown code',
      fault: { kind: 'answer', status: 400, body: { error: 'teapot' } },
      kind: 'unreachable',
    },
    {
      name: 'a code with an unknown meaning',
      fault: { kind: 'answer', status: 403, body: { error: 'access_denied', error_description: 'teapot' } },
      kind: 'unreachable',
    },
    {
      name: 'an error that is no text',
      fault: { kind: 'answer', status: 400, body: { error: {} } },
      kind: 'unreachable',
    },
    {
      name: 'a path that is not there',
      fault: { kind: 'answer', status: 404, body: html },
      kind: 'protocol',
    },
    { name: 'a sign-in page', fault: { kind: 'answer', status: 200, body: html }, kind: 'protocol' },
    { name: 'a success without a token', fault: { kind: 'answer', status: 200, body: {} }, kind: 'protocol' },
    {
      name: 'a success with an empty token',
      fault: { kind: 'answer', status: 200, body: { access_token: '' } },
      kind: 'protocol',
    },
    {
      name: 'a redirect',
      fault: { kind: 'answer', status: 302, body: '', headers: { location: 'https://sso.example.com' } },
      kind: 'protocol',
    },
  ])('$name is $kind', async ({ fault, kind, retryAtMs }) => {
    oidc.setFault(fault);
    expect(await failureOf(byClient())).toMatchObject({ name: 'CodeMieError', kind, retryAtMs });
  });

  it.each([
    { name: 'a host that does not answer', tokenUrl: 'https://nobody.example.com/token' },
    { name: 'a host that is not allowed', tokenUrl: 'https://evil.example/token' },
  ])('$name is unreachable', async ({ tokenUrl }) => {
    expect(await failureOf(byClient({ tokenUrl }))).toMatchObject({ kind: 'unreachable' });
  });
});

it('says nothing about the identity provider where the fault may be our own', async () => {
  const broken: HttpClient = {
    ...http,
    fetch: () => Promise.reject(new TypeError('x is not a function')),
  };
  await expect(oidcGrant(broken, byClient(), 'openid', () => nowMs)).rejects.toMatchObject({
    kind: 'unreachable',
    message:
      'The sign-in at the identity provider of the connection failed for a reason that is not known here.',
  });
});

it.each([{ hello: 'world' }, { access_token: 7, token_type: 'Bearer' }, ['a list'], { access_token: 'x' }])(
  'takes %j for the answer of something else',
  async (body) => {
    oidc.setFault({ kind: 'answer', status: 200, body });
    expect(await failureOf(byClient())).toMatchObject({ kind: 'protocol' });
  },
);
