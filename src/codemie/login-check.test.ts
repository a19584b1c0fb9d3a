import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import { createOidcPeer, type OidcPeer } from '../../test/harness/peers/oidc/oidc-peer.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import type { CodeMieAuth } from './auth.ts';
import type { TokenRefusal } from './codemie-error.ts';
import { createLoginCheck, type LoginCheck } from './login-check.ts';
import { oidcGrant } from './oidc-grant.ts';

const { signal } = new AbortController();
const subjectOf = (digit: number) => `5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b0${digit}`;
const projects = { applications: 'demo,other', applications_admin: 'demo' };
/** Clients that lack one thing each, by what they lack. */
const lacking = {
  nothing: {},
  role: { roles: ['guest'] },
  email: { email: undefined },
  names: { firstName: undefined },
  attribute: { attributes: { applications: 'demo' } },
  scope: {},
  foreign: { attributes: { applications: 'other', applications_admin: 'demo' } },
  list: { attributes: { applications: 'other, demo', applications_admin: 'shop,demo ' } },
};

let oidc: OidcPeer;
let internet: Internet;
let http: HttpClient;

beforeAll(async () => {
  const clients = Object.entries(lacking).map(([clientId, changes], index) => ({
    clientId,
    clientSecret: 'the-SECRET',
    account: {
      subject: subjectOf(index),
      username: `service-account-${clientId}`,
      attributes: projects,
      email: 'operator@example.com',
      ...changes,
    },
    ...(clientId === 'scope' && { scopes: [] }),
  }));
  oidc = createOidcPeer({ clients });
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

afterAll(async () => {
  await http.close();
  await internet.close();
});

function authOf(clientId: string, changes: object = {}) {
  return {
    kind: 'clientCredentials' as const,
    tokenUrl: oidc.tokenUrl,
    clientId,
    clientSecret: 'the-SECRET',
    ...changes,
  };
}

function checkOf(auth: CodeMieAuth, token: string | undefined): LoginCheck {
  const tokens = {
    token: async () => ({ name: '', value: '' }),
    replace: async () => undefined,
    current: () => token,
  };
  return createLoginCheck({ auth, http, tokens });
}

async function checkOfClient(clientId: keyof typeof lacking, scope = 'openid'): Promise<LoginCheck> {
  const auth = authOf(clientId, scope === 'openid' ? {} : { scope });
  const { token } = await oidcGrant(http, auth, scope, Date.now);
  return checkOf(auth, token);
}

describe('whyRefused', () => {
  it.each([
    {
      lack: 'nothing' as const,
      scope: 'email',
      message: 'its token lacks the scope openid',
      hint: 'Add openid to auth.clientCredentials.scope.',
    },
    {
      lack: 'role' as const,
      message: 'neither of the realm roles developer and admin',
      hint: "Assign the role developer to the login's user in Keycloak.",
    },
    {
      lack: 'email' as const,
      message: 'no e-mail address',
      hint: 'an e-mail address, a first and a last name',
    },
    {
      lack: 'names' as const,
      message: 'no first and last name',
      hint: 'an e-mail address, a first and a last name',
    },
    {
      lack: 'nothing' as const,
      message: 'although the identity provider accepts its token',
      hint: 'Check authHeader',
    },
  ])('names what a token lacks: $message', async ({ lack, scope, message, hint }) => {
    const found = await (await checkOfClient(lack, scope)).whyRefused('unsaid', signal);
    expect(found.message).toContain(message);
    expect(found.hint).toContain(hint);
  });

  it.each<{ name: string; auth: () => CodeMieAuth; token: string | undefined; message: string }>([
    {
      name: 'a token that its issuer does not know any more',
      auth: () => authOf('nothing'),
      token: 'a.b.c',
      message: 'and the identity provider rejects the token that it issued',
    },
    {
      name: 'an identity provider that can’t be asked',
      auth: () => authOf('nothing', { tokenUrl: 'https://nobody.example.com/protocol/openid-connect/token' }),
      token: 'opaque',
      message: 'CodeMie does not accept the login of the connection.',
    },
    {
      name: 'another identity provider',
      auth: () => authOf('nothing', { tokenUrl: 'https://login.example.com/oauth2/v2.0/token' }),
      token: `x.${Buffer.from('{"scp":"api"}').toString('base64url')}.x`,
      message: 'CodeMie does not accept the login of the connection.',
    },
    {
      name: 'a token of Keycloak without roles',
      auth: () => authOf('nothing'),
      token: `x.${Buffer.from('{"azp":"x","scope":"openid profile"}').toString('base64url')}.x`,
      message: 'and its token carries no realm roles.',
    },
    {
      name: 'a ready token without the scope',
      auth: () => ({ kind: 'token', token: '' }),
      token: `x.${Buffer.from('{"scope":"email","realm_access":{"roles":["developer"]}}').toString('base64url')}.x`,
      message: 'its token lacks the scope openid',
    },
    {
      name: 'claims of other forms',
      auth: () => ({ kind: 'token', token: '' }),
      token: `x.${Buffer.from('{"scope":["email"],"realm_access":[],"email":{}}').toString('base64url')}.x`,
      message: 'CodeMie does not accept the login of the connection.',
    },
    {
      name: 'no token',
      auth: () => ({ kind: 'localLogin', email: '', password: '' }),
      token: undefined,
      message: 'CodeMie does not accept the login of the connection.',
    },
  ])('says no more than it knows of $name', async ({ auth, token, message }) => {
    const error = await checkOf(auth(), token).whyRefused('unsaid', signal);
    expect(error.message).toContain(message);
  });
});

describe('whyRefused, where CodeMie says what is wrong,', () => {
  const readyToken = { kind: 'token' as const, token: '' };
  it.each<{ said: TokenRefusal; auth: () => CodeMieAuth; message: string; hint: string }>([
    {
      said: 'noToken',
      auth: () => authOf('nothing'),
      message: 'CodeMie finds no token in the requests of the connection.',
      hint: 'Set authHeader',
    },
    {
      said: 'expired',
      auth: () => readyToken,
      message: 'CodeMie says that the token of the connection has expired.',
      hint: 'Store a new one where auth.token.secretRef points.',
    },
    {
      said: 'expired',
      auth: () => authOf('nothing'),
      message: 'has expired',
      hint: 'Check the clocks of CodeMie',
    },
    {
      said: 'otherIssuer',
      auth: () => authOf('nothing'),
      message: 'CodeMie accepts only tokens that it issued',
      hint: 'Use auth.localLogin',
    },
  ])('repeats that: $said to $auth.kind', async ({ said, auth, message, hint }) => {
    const error = await checkOf(auth(), 'opaque').whyRefused(said, signal);
    expect(error).toMatchObject({ kind: 'unauthorized', message: expect.stringContaining(message) });
    expect(error.hint).toContain(hint);
  });

  it('names the claims that a token lacks where CodeMie verifies it', async () => {
    const error = await (await checkOfClient('nothing')).whyRefused('notValid', signal);
    expect(error.message).toBe('CodeMie verifies tokens itself, and rejects that of the connection.');
    expect(error.hint).toContain('the token has no groups, which CodeMie requires by default');
    const opaque = await checkOf(readyToken, 'opaque').whyRefused('notValid', signal);
    expect(opaque.hint).not.toContain('the token has no');
  });
});

describe('howToGetRights', () => {
  it.each([
    { lack: 'role' as const, says: 'neither of the realm roles developer and admin' },
    { lack: 'scope' as const, says: 'Its token lacks the client scope codemie' },
    { lack: 'attribute' as const, says: 'Its token lacks the attribute applications_admin' },
    { lack: 'foreign' as const, says: 'names no project that its attribute applications names, too' },
    { lack: 'list' as const, says: 'Make it an administrator of its projects in CodeMie.' },
    { lack: 'nothing' as const, says: 'Make it an administrator of its projects in CodeMie.' },
  ])('names the $lack that a token lacks', async ({ lack, says }) => {
    expect((await checkOfClient(lack)).howToGetRights()).toContain(says);
  });

  it('speaks of CodeMie alone where a token does not say', () => {
    const local = checkOf({ kind: 'localLogin', email: '', password: '' }, 'opaque');
    expect(local.howToGetRights()).toBe('Make it an administrator of its projects in CodeMie.');
  });
});
