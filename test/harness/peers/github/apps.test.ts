import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { openPeer, type PeerPort, type Reply } from '../git-hosts/ask.ts';
import { createGitHub, type GitHub } from './github.ts';

const api = 'https://api.github.com';
const appKey = newKey();
const otherKey = newKey();

let github: GitHub;
let port: PeerPort;

beforeEach(async () => {
  github = createGitHub();
  github.addApp({ id: 12, privateKey: appKey, owner: 'acme', clientId: 'Iv23liexample' });
  github.addApp({ id: 13, privateKey: otherKey, slug: 'other' });
  github.addOrganization('acme');
  github.addRepository({ fullName: 'acme/app' });
  github.addInstallation({ appId: 12, account: 'acme', id: 100 });
  github.addInstallation({
    appId: 12,
    account: 'octocat',
    accountType: 'User',
    id: 101,
    repositories: ['octocat/one'],
  });
  github.addInstallation({ appId: 13, account: 'acme', id: 200 });
  port = await openPeer(github);
});

afterEach(() => port.close());

function newKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
}

interface Claims {
  iss?: number | string;
  iat?: unknown;
  exp?: unknown;
}

function jwt(claims: Claims = {}, key = appKey): string {
  const nowS = Math.floor(Date.now() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const data = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss: 12, iat: nowS - 30, exp: nowS + 570, ...claims })}`;
  return `${data}.${createSign('RSA-SHA256').update(data).sign(key, 'base64url')}`;
}

function ask(path: string, token = jwt(), method = 'GET', body?: string): Promise<Reply> {
  return port.ask(api + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });
}

interface Row {
  name: string;
  arrange?: (peer: GitHub) => void;
  path?: string;
  token?: () => string;
  status: number;
  body: object;
}

const rows: Row[] = [
  {
    name: 'the app, without rate limit headers',
    status: 200,
    body: {
      id: 12,
      slug: 'app-12',
      owner: { login: 'acme', type: 'Organization' },
      permissions: { contents: 'write' },
      installations_count: 2,
    },
  },
  { name: 'issuer as text', token: () => jwt({ iss: '12' }), status: 200, body: { id: 12 } },
  { name: 'client id as issuer', token: () => jwt({ iss: 'Iv23liexample' }), status: 200, body: { id: 12 } },
  {
    name: 'client id as issuer, wrong key',
    token: () => jwt({ iss: 'Iv23liexample' }, otherKey),
    status: 401,
    body: { message: 'A JSON web token could not be decoded' },
  },
  {
    name: 'wrong key',
    token: () => jwt({}, otherKey),
    status: 401,
    body: { message: 'A JSON web token could not be decoded' },
  },
  {
    name: 'key replaced in the meantime',
    arrange: (peer) => peer.setAppKey(12, otherKey),
    status: 401,
    body: { message: 'A JSON web token could not be decoded' },
  },
  {
    name: 'a personal token',
    token: () => 'ghp_full',
    status: 401,
    body: { message: 'A JSON web token could not be decoded' },
  },
  {
    name: 'unknown app',
    token: () => jwt({ iss: 99 }),
    status: 404,
    body: { message: 'Integration not found' },
  },
  {
    name: 'app without any key',
    arrange: (peer) => peer.setAppKey(12, undefined),
    status: 401,
    body: { message: 'Integration must generate a public key' },
  },
  {
    name: 'issued in the future',
    arrange: (peer) => peer.setClock(() => Date.now() - 120_000),
    status: 401,
    body: { message: expect.stringContaining("'Issued at' claim ('iat') must be an Integer") },
  },
  {
    name: 'expired by the clock of GitHub',
    arrange: (peer) => peer.setClock(() => Date.now() + 3_600_000),
    status: 401,
    body: { message: expect.stringContaining("'Expiration time' claim ('exp') must be a numeric value") },
  },
  {
    name: 'valid for too long',
    token: () => jwt({ exp: Math.floor(Date.now() / 1000) + 700 }),
    status: 401,
    body: { message: "'Expiration time' claim ('exp') is too far in the future" },
  },
  {
    name: 'installations, newest first, of this app only',
    path: '/app/installations',
    status: 200,
    body: [
      {
        id: 101,
        account: { login: 'octocat', type: 'User' },
        repository_selection: 'selected',
        suspended_at: null,
      },
      {
        id: 100,
        account: { login: 'acme' },
        repository_selection: 'all',
        permissions: { contents: 'write' },
      },
    ],
  },
  { name: 'installation by id', path: '/app/installations/100', status: 200, body: { id: 100 } },
  {
    name: "another app's installation",
    path: '/app/installations/200',
    status: 404,
    body: { message: 'Not Found' },
  },
  {
    name: 'installation of an organization',
    path: '/orgs/ACME/installation',
    status: 200,
    body: { id: 100 },
  },
  { name: 'a user is no organization', path: '/orgs/octocat/installation', status: 404, body: {} },
  { name: 'installation of a user', path: '/users/octocat/installation', status: 200, body: { id: 101 } },
  {
    name: 'installation of an organization asked as a user',
    path: '/users/acme/installation',
    status: 200,
    body: { id: 100 },
  },
  {
    name: 'installation by repository',
    path: '/repos/acme/app/installation',
    status: 200,
    body: { id: 100 },
  },
  {
    name: 'repository that is not selected',
    arrange: (peer) => peer.addRepository({ fullName: 'octocat/two' }),
    path: '/repos/octocat/two/installation',
    status: 404,
    body: {},
  },
  {
    name: 'renamed repository',
    arrange: (peer) => peer.renameRepository('acme/app', 'acme/new'),
    path: '/repos/acme/app/installation',
    status: 301,
    body: { url: `${api}/repos/acme/new/installation` },
  },
  {
    name: 'suspended installation',
    arrange: (peer) => peer.suspend(100),
    path: '/app/installations/100',
    status: 200,
    body: { suspended_at: expect.stringMatching(/^20.*Z$/) },
  },
  {
    name: 'permissions the account has not approved yet',
    arrange: (peer) =>
      peer.setAppPermissions(12, { contents: 'write', pull_requests: 'write', workflows: 'write' }),
    path: '/app/installations/100',
    status: 200,
    body: { permissions: { contents: 'write', pull_requests: 'write', metadata: 'read' } },
  },
  {
    name: 'permissions the account has approved',
    arrange: (peer) => {
      peer.setAppPermissions(12, { workflows: 'write' });
      peer.approvePermissions(100);
    },
    path: '/app/installations/100',
    status: 200,
    body: { permissions: { workflows: 'write', metadata: 'read' } },
  },
  {
    name: 'removed installation',
    arrange: (peer) => peer.removeInstallation(100),
    path: '/orgs/acme/installation',
    status: 404,
    body: {},
  },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(github);
  const reply = await ask(row.path ?? '/app', row.token?.());
  expect(reply.status).toBe(row.status);
  expect(reply.json()).toMatchObject(row.body);
  expect(reply.headers['x-ratelimit-limit']).toBeUndefined();
});

it('gives another id to an app that is installed again', async () => {
  const again = github.reinstall(100);
  expect(again.id).not.toBe(100);
  expect((await ask('/app/installations/100')).status).toBe(404);
  expect((await ask('/orgs/acme/installation')).json()).toMatchObject({ id: again.id });
});

it('pages installations and links the pages', async () => {
  for (let id = 300; id < 303; id += 1) {
    github.addInstallation({ appId: 12, account: `org-${id}`, id });
  }
  const first = await ask('/app/installations?per_page=2');
  const last = await ask('/app/installations?per_page=2&page=3');
  expect(first.json()).toMatchObject([{ id: 302 }, { id: 301 }]);
  expect(first.headers['link']).toBe(
    `<${api}/app/installations?per_page=2&page=2>; rel="next", <${api}/app/installations?per_page=2&page=3>; rel="last"`,
  );
  expect(last.json()).toMatchObject([{ id: 100 }]);
  expect(last.headers['link']).toBe(
    `<${api}/app/installations?per_page=2&page=2>; rel="prev", <${api}/app/installations?per_page=2&page=1>; rel="first"`,
  );
});

it('mints a token that reads what the installation covers, and none while suspended', async () => {
  const minted = await ask(
    '/app/installations/100/access_tokens',
    jwt(),
    'POST',
    '{"permissions":{"contents":"read"}}',
  );
  expect(minted.status).toBe(201);
  expect(minted.json()).toMatchObject({ permissions: { contents: 'read' }, repository_selection: 'all' });
  const { token } = z.object({ token: z.string() }).parse(minted.json());
  expect((await ask('/installation/repositories', token)).json()).toMatchObject({
    total_count: 1,
    repositories: [{ full_name: 'acme/app' }],
  });
  expect((await ask('/repos/acme/app', token)).status).toBe(200);
  expect((await ask('/user', token)).status).toBe(403);

  const wide = await ask(
    '/app/installations/100/access_tokens',
    jwt(),
    'POST',
    '{"permissions":{"administration":"write"}}',
  );
  expect(wide.status).toBe(422);
  github.suspend(100);
  const suspended = await ask('/app/installations/100/access_tokens', jwt(), 'POST');
  expect(suspended.status).toBe(403);
  expect(suspended.json()).toMatchObject({ message: 'This installation has been suspended' });
});

it('prints nothing and shows no key in a failing control', () => {
  expect(() => github.setAppKey(99, appKey)).toThrow('The peer knows none of that name');
});
