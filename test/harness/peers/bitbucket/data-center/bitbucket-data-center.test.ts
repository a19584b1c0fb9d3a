import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AskOptions, openPeer, type PeerPort } from '../../git-hosts/ask.ts';
import { type BitbucketDataCenter, createBitbucketDataCenter } from './bitbucket-data-center.ts';
import { rateLimited } from './failures.ts';

const base = 'https://git.corp.example/bitbucket';

let bitbucket: BitbucketDataCenter;
let port: PeerPort;

beforeEach(async () => {
  bitbucket = createBitbucketDataCenter({ url: base });
  bitbucket.addUser('alice', 'secret');
  bitbucket.addRepository({ fullName: 'PRJ/app' });
  bitbucket.addRepository({ fullName: 'PRJ/hidden', readers: [] });
  bitbucket.addRepository({ fullName: 'PRJ/open', isPublic: true });
  bitbucket.addToken({ token: 'BBDC-alice' });
  bitbucket.addToken({ token: 'BBDC-repo', kind: 'repository', resource: 'PRJ/hidden' });
  port = await openPeer(bitbucket);
});

afterEach(() => port.close());

const bearer = (token: string): AskOptions => ({ headers: { authorization: `Bearer ${token}` } });
const basic = (user: string, secret: string): AskOptions => ({
  headers: { authorization: `Basic ${btoa(`${user}:${secret}`)}` },
});
const fault = (exception: string): object => ({
  errors: [{ context: null, exceptionName: `com.atlassian.bitbucket.${exception}` }],
});
const properties = '/rest/api/latest/application-properties';

interface Row {
  name: string;
  arrange?: (peer: BitbucketDataCenter) => void;
  path?: string;
  options?: AskOptions;
  status: number;
  user?: string;
  body?: object;
}

const rows: Row[] = [
  {
    name: 'properties, anonymous: 200 that validates nothing',
    options: {},
    status: 200,
    body: { displayName: 'Bitbucket' },
  },
  { name: "properties with a user's token", status: 200, user: 'alice' },
  {
    name: 'properties by the older base',
    path: '/rest/api/1.0/application-properties',
    status: 200,
    user: 'alice',
  },
  { name: 'properties with the password', options: basic('alice', 'secret'), status: 200, user: 'alice' },
  {
    name: 'properties with the token as password',
    options: basic('alice', 'BBDC-alice'),
    status: 200,
    user: 'alice',
  },
  { name: "properties with a repository's token: no user name", options: bearer('BBDC-repo'), status: 200 },
  {
    name: "a repository's token as password",
    options: basic('alice', 'BBDC-repo'),
    status: 401,
    body: fault('auth.IncorrectPasswordAuthenticationException'),
  },
  {
    name: 'unknown token',
    options: bearer('BBDC-wrong'),
    status: 401,
    body: fault('auth.IncorrectPasswordAuthenticationException'),
  },
  { name: 'expired token', arrange: (peer) => peer.expireToken('BBDC-alice'), status: 401 },
  { name: 'revoked token', arrange: (peer) => peer.revokeToken('BBDC-alice'), status: 401 },
  {
    name: 'repository',
    path: '/rest/api/latest/projects/prj/repos/app',
    status: 200,
    user: 'alice',
    body: { slug: 'app', project: { key: 'PRJ' } },
  },
  {
    name: 'repository that is not allowed: 401 although signed in',
    path: '/rest/api/latest/projects/PRJ/repos/hidden',
    status: 401,
    user: 'alice',
    body: fault('AuthorisationException'),
  },
  {
    name: "a repository's token in its repository",
    path: '/rest/api/latest/projects/PRJ/repos/hidden',
    options: bearer('BBDC-repo'),
    status: 200,
  },
  {
    name: 'public repository, anonymous',
    path: '/rest/api/latest/projects/PRJ/repos/open',
    options: {},
    status: 200,
  },
  {
    name: 'no such repository',
    path: '/rest/api/latest/projects/PRJ/repos/none',
    status: 404,
    user: 'alice',
    body: fault('repository.NoSuchRepositoryException'),
  },
  {
    name: 'no such project',
    path: '/rest/api/latest/projects/NONE/repos/none',
    status: 404,
    user: 'alice',
    body: fault('project.NoSuchProjectException'),
  },
  { name: 'a page instead of the API', path: '/projects/PRJ', status: 302 },
  { name: 'rate limited', arrange: (peer) => peer.failNext(rateLimited()), status: 429 },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(bitbucket);
  const reply = await port.ask(base + (row.path ?? properties), row.options ?? bearer('BBDC-alice'));
  expect(reply.status).toBe(row.status);
  expect(reply.headers['x-ausername']).toBe(row.user);
  expect(row.body === undefined ? {} : reply.json()).toMatchObject(row.body ?? {});
});

it('asks for a CAPTCHA after bad logins, also of those who know the password', async () => {
  for (let i = 0; i < 5; i += 1) {
    expect((await port.ask(base + properties, basic('alice', 'wrong'))).status).toBe(401);
  }
  const reply = await port.ask(base + properties, basic('alice', 'secret'));
  expect(reply.status).toBe(401);
  expect(reply.json()).toMatchObject(fault('auth.CaptchaRequiredAuthenticationException'));
});

it('may treat a bad token as anonymous where anonymous access is on', async () => {
  const lenient = await openPeer(createBitbucketDataCenter({ url: base, badTokenOnProperties: 'anonymous' }));
  const reply = await lenient.ask(base + properties, bearer('BBDC-wrong'));
  expect(reply.status).toBe(200);
  expect(reply.headers['x-ausername']).toBeUndefined();
  await lenient.close();
});
