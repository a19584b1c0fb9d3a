import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CodeMiePeer, createCodeMiePeer } from '../../test/harness/peers/codemie/codemie-peer.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import { createOidcPeer, type OidcPeer } from '../../test/harness/peers/oidc/oidc-peer.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import type { AuthHeaderName, CodeMieAuth } from './auth.ts';
import { createCodeMieClient } from './client.ts';
import { createLimiter } from './limits.ts';
import { createTokenSource, type TokenSource } from './sign-in.ts';

const { signal } = new AbortController();

const client = {
  clientId: 'codemie-git-operator',
  clientSecret: 'the-SECRET',
  account: {
    subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b01',
    username: 'service-account',
    email: 'operator@example.com',
    roles: ['admin'],
  },
};
const jane = {
  subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b02',
  username: 'jane',
  email: 'jane@example.com',
  password: 'her-SECRET',
};

/** An identity provider that gives an ID token unasked, of an issuer unlike its address. */
const login: Peer = {
  name: 'login',
  hosts: ['login.example.com'],
  handler: (request, response) => {
    const idToken = ['{"alg":"RS256"}', '{"iss":"https://sts.example.net"}', 'x']
      .map((part) => btoa(part))
      .join('.');
    const answer = { access_token: 't0ken', token_type: 'Bearer', expires_in: '3599', id_token: idToken };
    request.resume().once('end', () => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  },
  requests: [],
  close: async () => {},
};

let oidc: OidcPeer;
let codemie: CodeMiePeer;
let internet: Internet;
let http: HttpClient;
let nowMs: number;

beforeEach(async () => {
  nowMs = 1_000_000;
  oidc = createOidcPeer({ clients: [client], users: [jane], tokenLifetimeSeconds: 300 });
  codemie = createCodeMiePeer({ identityProvider: oidc, loginAttempts: 2 });
  codemie.addUser({ username: 'local', email: 'local@example.com', password: 'local-SECRET' });
  internet = await startInternet({ peers: [oidc, codemie, login] });
  http = createHttpClient({
    policy: { allowedHosts: ['*.example.com'], allowPrivateNetworks: false },
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: 5000,
    maxBodyBytes: 100_000,
    userAgent: 'test/1',
  });
});

afterEach(async () => {
  await http.close();
  await internet.close();
});

const logins = {
  clientCredentials: () => ({
    kind: 'clientCredentials' as const,
    tokenUrl: oidc.tokenUrl,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
  }),
  password: () => ({
    kind: 'password' as const,
    tokenUrl: oidc.tokenUrl,
    clientId: 'codemie-sdk',
    username: jane.username,
    password: jane.password,
  }),
  localLogin: () => ({
    kind: 'localLogin' as const,
    email: 'local@example.com',
    password: 'local-SECRET',
  }),
};

function sourceOf(auth: CodeMieAuth, headerName?: AuthHeaderName): TokenSource {
  const base = { auth, baseUrl: codemie.url, http, now: () => nowMs };
  return createTokenSource(headerName === undefined ? base : { ...base, headerName });
}

const signIns = (): number => internet.requests.filter((request) => request.method === 'POST').length;

describe('createTokenSource', () => {
  it.each(['clientCredentials', 'password', 'localLogin'] as const)(
    'signs in with %s, and CodeMie knows us',
    async (kind) => {
      const tokens = sourceOf(logins[kind]());
      const limiter = createLimiter({ concurrency: 1, requestsPerSecond: 100, now: Date.now });
      const account = await createCodeMieClient({
        url: codemie.url,
        http,
        tokens,
        limiter,
        now: Date.now,
      }).whoAmI(signal);
      const names = { clientCredentials: 'service-account', password: 'jane', localLogin: 'local' };
      expect(account.name).toBe(names[kind]);
    },
  );

  it.each([
    { headerName: undefined, name: 'Authorization', value: 'Bearer abc' },
    { headerName: 'X-Auth-Request-Access-Token' as const, name: 'X-Auth-Request-Access-Token', value: 'abc' },
  ])('puts a ready token into $name', async ({ headerName, name, value }) => {
    const tokens = sourceOf({ kind: 'token', token: 'abc' }, headerName);
    const header = await tokens.token(signal);
    expect(header).toEqual({ name, value });
    expect(tokens.invalidate(header)).toBe(false);
  });

  it('asks for scopes, and minds no ID token of an issuer it does not know', async () => {
    const auth = {
      ...logins.clientCredentials(),
      tokenUrl: 'https://login.example.com/token',
      scope: 'openid api',
    };
    await expect(sourceOf(auth).token(signal)).resolves.toEqual({
      name: 'Authorization',
      value: 'Bearer t0ken',
    });
    expect(new URLSearchParams(internet.requests[0]?.body()).get('scope')).toBe('openid api');
  });

  it('signs in once for all who ask, until shortly before the token ends', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const [first] = await Promise.all([tokens.token(signal), tokens.token(signal), tokens.token(signal)]);
    nowMs += 239_000;
    expect(await tokens.token(signal)).toBe(first);
    expect(signIns()).toBe(1);
    nowMs += 1000;
    expect(await tokens.token(signal)).not.toBe(first);
    expect(signIns()).toBe(2);
  });

  it('uses a token to its end while the identity provider is down, and not longer', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const first = await tokens.token(signal);
    oidc.setFault({ kind: 'down' });
    nowMs += 299_000;
    expect(await tokens.token(signal)).toBe(first);
    nowMs += 1000;
    await expect(tokens.token(signal)).rejects.toMatchObject({ kind: 'unreachable' });
    oidc.setFault(undefined);
    await expect(tokens.token(signal)).resolves.toBeDefined();
  });

  it('gets another token for one that was refused, but not for a brand new one', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const first = await tokens.token(signal);
    expect(tokens.invalidate(first)).toBe(false);
    nowMs += 30_000;
    expect(tokens.invalidate(first)).toBe(true);
    const second = await tokens.token(signal);
    expect(second).not.toBe(first);
    // Another caller that was refused with the first one need not throw the second away.
    expect(tokens.invalidate(first)).toBe(true);
    expect(await tokens.token(signal)).toBe(second);
  });

  it('does not try a refused login again and again', async () => {
    const tokens = sourceOf({ ...logins.clientCredentials(), clientSecret: 'wrong-SECRET' });
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(tokens.token(signal)).rejects.toMatchObject({ kind: 'unauthorized' });
    }
    expect(signIns()).toBe(1);
    nowMs += 60_000;
    await expect(tokens.token(signal)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(signIns()).toBe(2);
  });

  it('waits when CodeMie allows no more sign-ins', async () => {
    const wrong: CodeMieAuth = { kind: 'localLogin', email: 'local@example.com', password: 'wrong-SECRET' };
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(sourceOf(wrong).token(signal)).rejects.toMatchObject({ kind: 'unauthorized' });
    }
    const tokens = sourceOf(logins.localLogin());
    await expect(tokens.token(signal)).rejects.toMatchObject({
      kind: 'rateLimited',
      retryAtMs: nowMs + 180_000,
    });
    await expect(tokens.token(signal)).rejects.toMatchObject({ kind: 'rateLimited' });
    expect(signIns()).toBe(3);
  });

  it('lets a caller leave without stopping the sign-in of the others', async () => {
    const gate = Promise.withResolvers<void>();
    oidc.setFault({ kind: 'slow', until: gate.promise });
    const tokens = sourceOf(logins.clientCredentials());
    const leaving = new AbortController();
    const left = tokens.token(leaving.signal);
    const stayed = tokens.token(signal);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    gate.resolve();
    await expect(stayed).resolves.toBeDefined();
    expect(signIns()).toBe(1);
  });
});

describe('a sign-in that fails', () => {
  const elsewhere = 'https://codemie.example.com/code-assistant-api/v1/info';
  it.each<{
    name: string;
    auth: () => CodeMieAuth;
    fault?: Parameters<OidcPeer['setFault']>[0];
    kind: string;
    hint: string;
  }>([
    {
      name: 'for a wrong client secret',
      auth: () => ({ ...logins.clientCredentials(), clientSecret: 'wrong-SECRET' }),
      kind: 'unauthorized',
      hint: 'The client ID or the client secret is wrong.',
    },
    {
      name: 'for a wrong password',
      auth: () => ({ ...logins.password(), password: 'wrong-SECRET' }),
      kind: 'unauthorized',
      hint: 'The user name or the password is wrong, or the account is locked or not fully set up.',
    },
    {
      name: 'for a client that is gone',
      auth: logins.clientCredentials,
      fault: { kind: 'invalidClient' },
      kind: 'unauthorized',
      hint: 'The client ID or the client secret is wrong.',
    },
    {
      name: 'for a provider that is down',
      auth: logins.clientCredentials,
      fault: { kind: 'down' },
      kind: 'unreachable',
      hint: 'It will be tried again; check the identity provider if it stays so.',
    },
    {
      name: 'for a URL that is no token endpoint',
      auth: () => ({ ...logins.clientCredentials(), tokenUrl: elsewhere }),
      kind: 'protocol',
      hint: 'Check auth; with Keycloak it ends in /protocol/openid-connect/token.',
    },
    {
      name: 'for a host that nobody answers to',
      auth: () => ({ ...logins.clientCredentials(), tokenUrl: 'https://nobody.example.com/token' }),
      kind: 'unreachable',
      hint: 'Check the proxy settings, and that the proxy allows this host.',
    },
    {
      name: 'for a host that is not allowed',
      auth: () => ({ ...logins.clientCredentials(), tokenUrl: 'https://evil.example/token' }),
      kind: 'unreachable',
      hint: 'Ask the administrator of the connection to allow it.',
    },
  ])('$name says so without a secret', async ({ auth, fault, kind, hint }) => {
    oidc.setFault(fault);
    const work = sourceOf(auth()).token(signal);
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'CodeMieError', kind, hint });
    for (let link = error; link instanceof Error; link = link.cause) {
      expect(JSON.stringify(link, Object.getOwnPropertyNames(link))).not.toContain('SECRET');
    }
  });
});
