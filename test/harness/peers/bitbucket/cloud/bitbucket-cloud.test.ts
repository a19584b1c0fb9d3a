import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AskOptions, openPeer, type PeerPort } from '../../git-hosts/ask.ts';
import { type BitbucketCloud, createBitbucketCloud } from './bitbucket-cloud.ts';
import { rateLimited } from './failures.ts';

const api = 'https://api.bitbucket.org';

let bitbucket: BitbucketCloud;
let port: PeerPort;

beforeEach(async () => {
  bitbucket = createBitbucketCloud();
  bitbucket.addRepository({ fullName: 'acme/app' });
  bitbucket.addRepository({ fullName: 'acme/other', project: 'OTHER', members: [] });
  bitbucket.addRepository({ fullName: 'acme/open', isPrivate: false });
  bitbucket.addToken({ token: 'ATATT-full' });
  bitbucket.addToken({ token: 'ATCTT-repo', kind: 'repo_access_token', resource: 'acme/app' });
  port = await openPeer(bitbucket);
});

afterEach(() => port.close());

const basic = (user: string, secret: string): AskOptions => ({
  headers: { authorization: `Basic ${btoa(`${user}:${secret}`)}` },
});
const bearer = (token: string): AskOptions => ({ headers: { authorization: `Bearer ${token}` } });
const full = basic('alice@example.com', 'ATATT-full');
const invalid = {
  type: 'error',
  error: { message: 'Token is invalid, expired, or not supported for this endpoint.' },
};

interface Row {
  name: string;
  arrange?: (peer: BitbucketCloud) => void;
  path?: string;
  options?: AskOptions;
  status: number;
  headers?: Record<string, string | undefined>;
  body?: object;
}

const rows: Row[] = [
  {
    name: 'API token with the email address',
    status: 200,
    headers: {
      'x-credential-type': 'api_token',
      'x-oauth-scopes': 'read:repository:bitbucket, read:user:bitbucket, write:repository:bitbucket',
    },
    body: { type: 'user', username: 'alice' },
  },
  {
    name: 'API token with the user name',
    options: basic('alice', 'ATATT-full'),
    status: 401,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'www-authenticate': 'Basic realm="Bitbucket.org HTTP"',
    },
  },
  { name: 'API token as Bearer', options: bearer('ATATT-full'), status: 401, body: invalid },
  {
    name: 'unknown API token',
    options: basic('alice@example.com', 'ATATT-wrong'),
    status: 401,
    body: invalid,
  },
  {
    name: 'expired API token',
    arrange: (peer) => peer.expireToken('ATATT-full'),
    status: 401,
    body: invalid,
  },
  {
    name: 'revoked API token',
    arrange: (peer) => peer.revokeToken('ATATT-full'),
    status: 401,
    body: invalid,
  },
  {
    name: 'API token of another product',
    arrange: (peer) => peer.setScopes('ATATT-full', ['read:jira-work']),
    status: 401,
    body: invalid,
  },
  {
    name: 'app password',
    arrange: (peer) => peer.addToken({ token: 'apppassword', kind: 'app_password' }),
    options: basic('alice', 'apppassword'),
    status: 401,
  },
  {
    name: 'API token without the scope for its user: all its scopes',
    arrange: (peer) => peer.setScopes('ATATT-full', ['write:repository:bitbucket']),
    status: 403,
    headers: { 'x-credential-type': 'api_token' },
    body: {
      error: { detail: { granted: ['write:repository:bitbucket'], required: ['read:user:bitbucket'] } },
    },
  },
  {
    name: 'access token asked for its user: 403 that says what it is',
    options: bearer('ATCTT-repo'),
    status: 403,
    headers: { 'x-credential-type': 'repo_access_token', 'x-oauth-scopes': 'repository:write' },
    body: { error: { message: 'This API is not accessible by this authentication mechanism' } },
  },
  { name: 'unknown access token', options: bearer('ATCTT-wrong'), status: 401, body: invalid },
  {
    name: 'OAuth token',
    arrange: (peer) => peer.addToken({ token: 'oauth2', kind: 'oauth2' }),
    options: bearer('oauth2'),
    status: 200,
  },
  { name: 'anonymous', options: {}, status: 401 },
  { name: 'repository', path: '/2.0/repositories/acme/app', status: 200, body: { full_name: 'acme/app' } },
  {
    name: 'write of an API token does not imply read',
    arrange: (peer) => peer.setScopes('ATATT-full', ['write:repository:bitbucket']),
    path: '/2.0/repositories/acme/app',
    status: 403,
  },
  {
    name: 'write of an access token implies read',
    path: '/2.0/repositories/acme/app',
    options: bearer('ATCTT-repo'),
    status: 200,
  },
  {
    name: "a repository's token in another repository",
    path: '/2.0/repositories/acme/other',
    options: bearer('ATCTT-repo'),
    status: 404,
    body: { error: { message: 'Repository acme/other not found' } },
  },
  {
    name: "a project's token",
    arrange: (peer) => peer.addToken({ token: 'p', kind: 'project_access_token', resource: 'acme/OTHER' }),
    path: '/2.0/repositories/acme/other',
    options: bearer('p'),
    status: 200,
  },
  {
    name: "a workspace's token",
    arrange: (peer) => peer.addToken({ token: 'w', kind: 'workspace_access_token', resource: 'acme' }),
    path: '/2.0/repositories/acme/other',
    options: bearer('w'),
    status: 200,
  },
  { name: 'public repository, anonymous', path: '/2.0/repositories/acme/open', options: {}, status: 200 },
  {
    name: 'no pull requests without their scope',
    path: '/2.0/repositories/acme/app/pullrequests',
    status: 403,
  },
  {
    name: 'removed endpoint',
    path: '/2.0/workspaces',
    status: 410,
    body: { error: { message: 'CHANGE-2770 - Functionality has been deprecated' } },
  },
  { name: 'base without 2.0', path: '/user', status: 403, body: { error: { message: 'Forbidden' } } },
  {
    name: 'rate limited',
    arrange: (peer) => peer.failNext(rateLimited()),
    status: 429,
    headers: { 'retry-after': undefined, 'content-type': 'text/plain' },
  },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(bitbucket);
  const reply = await port.ask(api + (row.path ?? '/2.0/user'), row.options ?? full);
  expect(reply.status).toBe(row.status);
  for (const [name, value] of Object.entries(row.headers ?? {})) {
    expect([name, reply.headers[name]]).toEqual([name, value]);
  }
  expect(row.body === undefined ? {} : reply.json()).toMatchObject(row.body ?? {});
});
