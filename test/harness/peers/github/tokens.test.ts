import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AskOptions, openPeer, type PeerPort } from '../git-hosts/ask.ts';
import {
  abuseDetection,
  secondaryLimit,
  serverError,
  serviceUnavailable,
  tooManyBadAttempts,
} from './failures.ts';
import { createGitHub, type GitHub } from './github.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');
const api = 'https://api.github.com';

let github: GitHub;
let port: PeerPort;

beforeEach(async () => {
  github = createGitHub();
  github.setClock(() => nowMs);
  github.addToken({ token: 'ghp_full', login: 'octocat' });
  github.addRepository({ fullName: 'octocat/private' });
  github.addRepository({ fullName: 'octocat/public', private: false });
  port = await openPeer(github);
});

afterEach(() => port.close());

const as = (token: string): AskOptions => ({ headers: { authorization: `Bearer ${token}` } });

interface Row {
  name: string;
  arrange?: (peer: GitHub) => void;
  url?: string;
  options?: AskOptions;
  status: number;
  headers?: Record<string, string | undefined>;
  body?: Record<string, unknown>;
}

const rows: Row[] = [
  {
    name: 'classic token: scopes as GitHub keeps them, no expiry',
    status: 200,
    headers: {
      'x-oauth-scopes': 'project, repo',
      'github-authentication-token-expiration': undefined,
      'x-accepted-github-permissions': undefined,
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      date: 'Mon, 01 Jun 2026 12:00:00 GMT',
    },
    body: { login: 'octocat', type: 'User' },
  },
  {
    name: 'classic token without scopes: the header is there and empty',
    arrange: (peer) => peer.setScopes('ghp_full', []),
    status: 200,
    headers: { 'x-oauth-scopes': '' },
  },
  {
    name: 'fine-grained token: no scopes, an expiry in another zone',
    arrange: (peer) =>
      peer.addToken({
        token: 'github_pat_1',
        login: 'octocat',
        kind: 'fineGrained',
        expiresAt: new Date('2026-06-09T21:12:46Z'),
        expiryZone: '+0200',
      }),
    options: as('github_pat_1'),
    status: 200,
    headers: {
      'x-oauth-scopes': undefined,
      'x-accepted-github-permissions': 'allows_permissionless_access=true',
      'github-authentication-token-expiration': '2026-06-09 23:12:46 +0200',
    },
  },
  {
    name: "token of an App's user: empty scopes and the client's id",
    arrange: (peer) =>
      peer.addToken({
        token: 'ghu_1',
        login: 'octocat',
        kind: 'appUser',
        expiresAt: new Date('2026-06-01T20:00:00Z'),
      }),
    options: as('ghu_1'),
    status: 200,
    headers: {
      'x-oauth-scopes': '',
      'x-oauth-client-id': 'Iv1.a0facee5139c0213',
      'github-authentication-token-expiration': '2026-06-01 20:00:00 UTC',
    },
  },
  {
    name: 'Basic with the token as password',
    options: { headers: { authorization: `Basic ${btoa('me:ghp_full')}` } },
    status: 200,
  },
  {
    name: 'unknown token',
    options: as('ghp_wrong'),
    status: 401,
    body: { message: 'Bad credentials', status: '401' },
  },
  {
    name: 'expired token',
    arrange: (peer) => peer.expireToken('ghp_full'),
    status: 401,
    body: { message: 'Bad credentials' },
  },
  {
    name: 'revoked token',
    arrange: (peer) => peer.revokeToken('ghp_full'),
    status: 401,
    body: { message: 'Bad credentials' },
  },
  { name: 'anonymous', options: {}, status: 401, body: { message: 'Requires authentication' } },
  {
    name: 'suspended account',
    arrange: (peer) => peer.suspendUser('octocat'),
    status: 403,
    body: { message: 'Sorry. Your account was suspended' },
  },
  { name: 'trailing slash', url: '/user/', status: 404, body: { message: 'Not Found' } },
  {
    name: 'no user agent',
    options: { headers: { ...as('ghp_full').headers, 'user-agent': '' } },
    status: 403,
  },
  {
    name: 'API version of tomorrow',
    options: { headers: { ...as('ghp_full').headers, 'x-github-api-version': '2099-01-01' } },
    status: 400,
  },
  {
    name: 'primary limit',
    arrange: (peer) =>
      peer.setRateLimit('octocat', { used: 5000, resetsAtMs: nowMs + 60_000, exceededStatus: 429 }),
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1780315260', 'retry-after': undefined },
  },
  {
    name: 'secondary limit with a time to wait',
    arrange: (peer) => peer.failNext(secondaryLimit({ retryAfterS: 90 })),
    status: 403,
    headers: { 'retry-after': '90' },
  },
  {
    name: 'secondary limit without',
    arrange: (peer) => peer.failNext(secondaryLimit({ status: 429 })),
    status: 429,
    headers: { 'retry-after': undefined },
  },
  { name: 'abuse detection', arrange: (peer) => peer.failNext(abuseDetection()), status: 403 },
  {
    name: 'locked out after bad attempts',
    arrange: (peer) => peer.failNext(tooManyBadAttempts()),
    status: 403,
  },
  { name: 'request that took too long', arrange: (peer) => peer.failNext(serverError()), status: 502 },
  {
    name: 'outage: HTML called JSON',
    arrange: (peer) => peer.failNext(serviceUnavailable()),
    status: 503,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  },
  {
    name: 'private repository that the token can read',
    url: '/repos/octocat/PRIVATE',
    status: 200,
    body: {
      private: true,
      permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
    },
  },
  {
    name: 'private repository without the scope repo',
    arrange: (peer) => peer.setScopes('ghp_full', ['public_repo']),
    url: '/repos/octocat/private',
    status: 404,
  },
  {
    name: 'public repository, anonymous',
    url: '/repos/octocat/public',
    options: {},
    status: 200,
    body: { private: false },
  },
  {
    name: 'renamed repository',
    arrange: (peer) => peer.renameRepository('octocat/private', 'octocat/secret'),
    url: '/repos/octocat/private',
    status: 301,
    body: { message: 'Moved Permanently' },
  },
  {
    name: 'fine-grained token that lacks contents',
    arrange: (peer) => peer.addToken({ token: 'github_pat_2', login: 'octocat', kind: 'fineGrained' }),
    url: '/repos/octocat/private/contents',
    options: as('github_pat_2'),
    status: 403,
    headers: { 'x-accepted-github-permissions': 'contents=read' },
    body: { message: 'Resource not accessible by personal access token' },
  },
  {
    name: 'fine-grained token that has contents',
    arrange: (peer) =>
      peer.addToken({
        token: 'github_pat_2',
        login: 'octocat',
        kind: 'fineGrained',
        permissions: { contents: 'read' },
      }),
    url: '/repos/octocat/private/contents',
    options: as('github_pat_2'),
    status: 200,
  },
  {
    name: 'fine-grained token for another repository',
    arrange: (peer) =>
      peer.addToken({
        token: 'github_pat_3',
        login: 'octocat',
        kind: 'fineGrained',
        repositories: ['octocat/other'],
      }),
    url: '/repos/octocat/private',
    options: as('github_pat_3'),
    status: 404,
  },
  {
    name: 'single sign-on not authorised',
    arrange: (peer) => {
      peer.addOrganization('acme', { samlEnforced: true });
      peer.addRepository({ fullName: 'acme/app', collaborators: { octocat: 'push' } });
    },
    url: '/repos/acme/app',
    status: 403,
    headers: {
      'x-github-sso': 'required; url=https://github.com/orgs/acme/sso?authorization_request=A4LC0FFEE',
    },
  },
  {
    name: 'single sign-on, a list: partial results',
    arrange: (peer) => peer.addOrganization('acme', { samlEnforced: true }),
    url: '/user/repos',
    status: 200,
    headers: { 'x-github-sso': 'partial-results; organizations=1005' },
  },
  {
    name: 'address not on the allow list',
    arrange: (peer) => {
      peer.addOrganization('acme', { ipAllowList: true });
      peer.addRepository({ fullName: 'acme/app', private: false });
    },
    url: '/repos/acme/app',
    status: 403,
  },
  {
    name: 'organization forbids classic tokens',
    arrange: (peer) => {
      peer.addOrganization('acme', { forbidsClassicTokens: true });
      peer.addRepository({ fullName: 'acme/app' });
    },
    url: '/repos/acme/app',
    status: 403,
    body: {
      message:
        '`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.',
    },
  },
  {
    name: 'organization caps the lifetime of fine-grained tokens',
    arrange: (peer) => {
      peer.addOrganization('acme', { maxFineGrainedLifetimeDays: 30 });
      peer.addRepository({ fullName: 'acme/app' });
      peer.addToken({ token: 'github_pat_4', login: 'octocat', kind: 'fineGrained' });
    },
    url: '/repos/acme/app',
    options: as('github_pat_4'),
    status: 403,
  },
  {
    name: 'the web site instead of the API',
    url: 'https://github.com/',
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(github);
  const url = row.url?.startsWith('https:') === true ? row.url : `${api}${row.url ?? '/user'}`;
  const reply = await port.ask(url, row.options ?? as('ghp_full'));
  expect(reply.status).toBe(row.status);
  for (const [name, value] of Object.entries(row.headers ?? {})) {
    expect([name, reply.headers[name]]).toEqual([name, value]);
  }
  expect(row.body === undefined ? {} : reply.json()).toMatchObject(row.body ?? {});
});

it('answers 304 to a known tag, without scopes and without counting it', async () => {
  const first = await port.ask(`${api}/user`, as('ghp_full'));
  const etag = first.headers['etag'] ?? '';
  github.setScopes('ghp_full', ['gist']);
  const second = await port.ask(`${api}/user`, {
    headers: { ...as('ghp_full').headers, 'if-none-match': etag },
  });
  expect(etag).toMatch(/^W\/"/);
  expect(second.status).toBe(304);
  expect(second.text).toBe('');
  expect(second.headers['x-oauth-scopes']).toBeUndefined();
  expect(second.headers['x-ratelimit-remaining']).toBe(first.headers['x-ratelimit-remaining']);
});

it('is an Enterprise Server under /api/v3: its version in each answer, no limits, private if configured', async () => {
  const server = createGitHub({
    host: 'git.corp.example',
    enterpriseServer: { version: '3.19.1', privateMode: true },
  });
  server.addToken({ token: 'ghp_corp', login: 'octocat' });
  const corp = await openPeer(server);
  const base = 'https://git.corp.example/api/v3';
  const anonymous = await corp.ask(`${base}/meta`);
  expect(anonymous.status).toBe(401);
  expect(anonymous.json()).toMatchObject({ message: 'Must authenticate to access this API.' });
  expect(anonymous.headers['x-github-enterprise-version']).toBe('enterprise-server@3.19.1');
  const user = await corp.ask(`${base}/user`, as('ghp_corp'));
  expect(user.json()).toMatchObject({ url: `${base}/users/octocat` });
  expect(user.headers['x-ratelimit-limit']).toBeUndefined();
  expect((await corp.ask(`${base}/meta`, as('ghp_corp'))).json()).toMatchObject({
    installed_version: '3.19.1',
  });
  expect((await corp.ask('https://git.corp.example/user', as('ghp_corp'))).status).toBe(302);
  await corp.close();
});
