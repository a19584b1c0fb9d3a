import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { type CodeMiePeer, createCodeMiePeer } from '../../test/harness/peers/codemie/codemie-peer.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import { createOidcPeer, type OidcPeer } from '../../test/harness/peers/oidc/oidc-peer.ts';
import type { Peer } from '../../test/harness/peers/peer.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import type { AuthHeaderName, CodeMieAuth } from './auth.ts';
import { createCodeMieClient } from './client.ts';
import { createLimiter } from './limits.ts';
import { createTokenSource, type TokenSource } from './sign-in.ts';
import { createSignInBudgets, type SignInBudgets } from './sign-in-budget.ts';

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
let budgets: SignInBudgets;

beforeEach(async () => {
  nowMs = 1_000_000;
  budgets = createSignInBudgets(() => nowMs);
  oidc = createOidcPeer({ clients: [client], users: [jane], tokenLifetimeSeconds: 300 });
  codemie = createCodeMiePeer({ identityProvider: oidc, loginAttempts: 2, userManagement: true });
  codemie.addUser({ username: 'local', email: 'local@example.com', password: 'local-SECRET' });
  internet = await startInternet({ peers: [oidc, codemie, login] });
  http = createHttpClient({
    policy: { allowedHosts: ['*.example.com'], allowPrivateNetworks: false },
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: stretched(5000),
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
  const budget = budgets.of(codemie.url, false);
  const base = { auth, baseUrl: codemie.url, http, budget, now: () => nowMs };
  return createTokenSource(headerName === undefined ? base : { ...base, headerName });
}

const signIns = (): number => internet.requests.filter((request) => request.method === 'POST').length;

describe('createTokenSource', () => {
  it.each(['clientCredentials', 'password', 'localLogin'] as const)(
    'signs in with %s, and CodeMie knows us',
    async (kind) => {
      const tokens = sourceOf(logins[kind]());
      const limiter = createLimiter({ concurrency: 1, requestsPerSecond: 100 });
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
    expect(await tokens.replace(header, signal)).toBeUndefined();
  });

  it.each([
    { kind: 'clientCredentials' as const, scope: undefined, asked: 'openid' },
    { kind: 'clientCredentials' as const, scope: 'email', asked: 'email' },
    { kind: 'password' as const, scope: undefined, asked: 'openid' },
    { kind: 'password' as const, scope: 'openid roles', asked: 'openid roles' },
  ])(
    'asks for the scope $asked with $kind where the connection says $scope',
    async ({ kind, scope, asked }) => {
      await sourceOf({ ...logins[kind](), ...(scope !== undefined && { scope }) }).token(signal);
      expect(new URLSearchParams(internet.requests[0]?.body()).get('scope')).toBe(asked);
    },
  );

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

  it('signs in once for all who ask, until shortly before the token expires', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const [first] = await Promise.all([tokens.token(signal), tokens.token(signal), tokens.token(signal)]);
    nowMs += 239_000;
    expect(await tokens.token(signal)).toBe(first);
    expect(signIns()).toBe(1);
    nowMs += 1000;
    expect(await tokens.token(signal)).not.toBe(first);
    expect(signIns()).toBe(2);
  });

  it.each([2, 10, 60])(
    'uses no token of %i s beyond its life, and gets the next one before',
    async (seconds) => {
      oidc.setTokenLifetime(seconds);
      const tokens = sourceOf(logins.clientCredentials());
      const since = new Map<string, number>();
      for (const end = nowMs + 10 * seconds * 1000; nowMs < end; nowMs += 100) {
        const { value } = await tokens.token(signal);
        if (!since.has(value)) since.set(value, nowMs);
        expect(nowMs - (since.get(value) ?? 0)).toBeLessThan(seconds * 1000);
      }
      expect(signIns()).toBeLessThanOrEqual(13);
    },
  );

  it('replaces a token that expired on its way, without a pause', async () => {
    oidc.setTokenLifetime(10);
    const tokens = sourceOf(logins.clientCredentials());
    let header = await tokens.token(signal);
    for (let times = 0; times < 5; times += 1) {
      nowMs += 9_000;
      const next = await tokens.replace(header, signal);
      expect(next?.value).not.toBe(header.value);
      header = next ?? header;
    }
  });

  it.each([
    {
      name: 'no time, and a token that says one',
      expires: undefined,
      claims: { iat: 100, exp: 160 },
      lives: 60,
    },
    { name: 'a longer time than the token', expires: 300, claims: { iat: 100, exp: 160 }, lives: 60 },
    { name: 'a shorter time than the token', expires: 30, claims: { iat: 100, exp: 160 }, lives: 30 },
    { name: 'no time at all', expires: undefined, claims: {}, lives: 300 },
    { name: 'no life', expires: 0, claims: {}, lives: 300 },
    { name: 'times of other forms', expires: undefined, claims: { iat: 'now', exp: null }, lives: 300 },
  ])('renews in time where the answer has $name', async ({ expires, claims, lives }) => {
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const token = { access_token: `x.${payload}.x`, token_type: 'Bearer' };
    const body = { ...token, ...(expires !== undefined && { expires_in: expires }) };
    oidc.setFault({ kind: 'answer', status: 200, body });
    const tokens = sourceOf(logins.clientCredentials());
    await tokens.token(signal);
    nowMs += lives * 800 - 1;
    await tokens.token(signal);
    expect(signIns()).toBe(1);
    nowMs += 1;
    await tokens.token(signal);
    expect(signIns()).toBe(2);
  });

  it('uses a token until it expires while the identity provider is down, and not longer', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const first = await tokens.token(signal);
    oidc.setFault({ kind: 'down' });
    nowMs += 299_000;
    expect(await tokens.token(signal)).toBe(first);
    nowMs += 1000;
    await expect(tokens.token(signal)).rejects.toMatchObject({ kind: 'unreachable' });
    oidc.setFault(undefined);
    nowMs += 30_000;
    await expect(tokens.token(signal)).resolves.toBeDefined();
  });

  it('replaces a token that CodeMie refuses, but not a new one', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const first = await tokens.token(signal);
    expect(await tokens.replace(first, signal)).toBeUndefined();
    nowMs += 30_000;
    const second = await tokens.replace(first, signal);
    expect(second).not.toBe(first);
    // Another caller whose first one was refused gets the same.
    expect(await tokens.replace(first, signal)).toBe(second);
    expect(await tokens.token(signal)).toBe(second);
    expect(signIns()).toBe(2);
  });

  it('signs in ever more rarely while CodeMie refuses every token', async () => {
    const tokens = sourceOf(logins.localLogin());
    let header = await tokens.token(signal);
    for (let seconds = 0; seconds < 80; seconds += 1) {
      nowMs += 1000;
      header = (await tokens.replace(header, signal).catch(() => undefined)) ?? header;
    }
    // Those two are all that the peer allows.
    expect(signIns()).toBe(2);
  });

  it('keeps a token that CodeMie refuses until there is another', async () => {
    const tokens = sourceOf(logins.clientCredentials());
    const first = await tokens.token(signal);
    oidc.setFault({ kind: 'down' });
    nowMs += 60_000;
    await expect(tokens.replace(first, signal)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(await tokens.token(signal)).toBe(first);
  });

  it.each<{ name: string; kind: keyof typeof logins; fault: () => void; error: string; most: number }>([
    {
      name: 'answers 503',
      kind: 'clientCredentials',
      fault: () => oidc.setFault({ kind: 'down' }),
      error: 'unreachable',
      most: 7,
    },
    {
      name: 'answers nothing that is known',
      kind: 'password',
      fault: () => oidc.setFault({ kind: 'answer', status: 418, body: { error: 'teapot' } }),
      error: 'unreachable',
      most: 7,
    },
    {
      name: 'is not reached',
      kind: 'clientCredentials',
      fault: () => internet.setFault('auth.example.com', { kind: 'refuse' }),
      error: 'unreachable',
      most: 7,
    },
    {
      name: 'refuses the login',
      kind: 'clientCredentials',
      fault: () => oidc.setFault({ kind: 'invalidClient' }),
      error: 'unauthorized',
      most: 2,
    },
    {
      name: 'asks to wait for two minutes',
      kind: 'clientCredentials',
      fault: () =>
        oidc.setFault({ kind: 'answer', status: 429, body: '', headers: { 'retry-after': '120' } }),
      error: 'rateLimited',
      most: 1,
    },
    {
      name: 'is CodeMie without its database',
      kind: 'localLogin',
      fault: () => codemie.setDatabase('down'),
      error: 'unreachable|rateLimited',
      most: 3,
    },
  ])('costs few sign-ins in 80 seconds while what signs in $name', async ({ kind, fault, error, most }) => {
    fault();
    const tokens = sourceOf(logins[kind]());
    const before = signIns();
    for (let seconds = 0; seconds < 80; seconds += 1) {
      const tries = Array.from({ length: 20 }, () => tokens.token(signal));
      for (const outcome of await Promise.allSettled(tries))
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { name: 'CodeMieError', kind: expect.stringMatching(error) },
        });
      nowMs += 1000;
    }
    expect(signIns() - before).toBeLessThanOrEqual(most);
  });

  it('spends no more than five sign-ins at CodeMie in 15 minutes, of which tenants leave two', async () => {
    const tenant = budgets.of(codemie.url, true);
    for (const next of [undefined, undefined, undefined, 1_900_000]) expect(tenant.take()).toBe(next);
    nowMs += 60_000;
    const admin = budgets.of('https://CODEMIE.example.com.:8443/', false);
    for (const next of [undefined, undefined, 1_900_000]) expect(admin.take()).toBe(next);
    expect(budgets.of('https://other.example.com', true).take()).toBeUndefined();
    nowMs = 1_900_000;
    for (const next of [undefined, undefined, undefined, 1_960_000]) expect(admin.take()).toBe(next);
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
