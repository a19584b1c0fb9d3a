import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AskOptions, openPeer, type PeerPort } from '../git-hosts/ask.ts';
import { loginInsteadOfApi, throttled, tooManyRequests } from './failures.ts';
import { createGitLab, type GitLab } from './gitlab.ts';

const api = 'https://gitlab.com/api/v4';
const self = '/personal_access_tokens/self';

let gitlab: GitLab;
let port: PeerPort;

beforeEach(async () => {
  gitlab = createGitLab();
  gitlab.setClock(() => Date.parse('2026-06-01T12:00:00Z'));
  gitlab.addProject({ path: 'group/sub/private', members: { alice: 30 } });
  gitlab.addProject({ path: 'group/other' });
  gitlab.addProject({ path: 'group/public', visibility: 'public' });
  gitlab.addToken({ token: 'glpat-full', expiresOn: '2026-12-01' });
  port = await openPeer(gitlab);
});

afterEach(() => port.close());

const as = (token: string): AskOptions => ({ headers: { 'private-token': token } });

interface Row {
  name: string;
  arrange?: (peer: GitLab) => void;
  path?: string;
  options?: AskOptions;
  status: number;
  headers?: Record<string, string | undefined>;
  body?: object;
}

const rows: Row[] = [
  {
    name: 'personal token about itself',
    status: 200,
    headers: { 'x-gitlab-meta': expect.stringContaining('"version":"1"') },
    body: { scopes: ['api'], active: true, revoked: false, expires_at: '2026-12-01', granular: false },
  },
  { name: 'as a Bearer too', options: { headers: { authorization: 'Bearer glpat-full' } }, status: 200 },
  {
    name: 'any scope may read its own details',
    arrange: (peer) => peer.setScopes('glpat-full', ['read_repository']),
    status: 200,
  },
  {
    name: 'anonymous: 401 and still known as GitLab',
    path: '/version',
    options: {},
    status: 401,
    headers: { 'x-gitlab-meta': expect.any(String) },
    body: { message: '401 Unauthorized' },
  },
  { name: 'unknown token', options: as('glpat-wrong'), status: 401, body: { message: '401 Unauthorized' } },
  {
    name: 'expired: at midnight UTC of its day',
    arrange: (peer) => peer.expireToken('glpat-full', '2026-06-01'),
    status: 401,
    body: { error: 'invalid_token', error_description: expect.stringContaining('Token is expired') },
  },
  {
    name: 'still good on the day before',
    arrange: (peer) => peer.expireToken('glpat-full', '2026-06-02'),
    status: 200,
  },
  {
    name: 'revoked',
    arrange: (peer) => peer.revokeToken('glpat-full'),
    status: 401,
    body: { error: 'invalid_token', error_description: expect.stringContaining('Token was revoked') },
  },
  {
    name: 'expired and revoked: says expired',
    arrange: (peer) => {
      peer.expireToken('glpat-full');
      peer.revokeToken('glpat-full');
    },
    status: 401,
    body: { error_description: expect.stringContaining('Token is expired') },
  },
  {
    name: 'impersonation turned off',
    arrange: (peer) => {
      peer.addToken({ token: 'glpat-imp', kind: 'impersonation' });
      peer.disableImpersonation();
    },
    options: as('glpat-imp'),
    status: 401,
    body: { error_description: expect.stringContaining('impersonation was disabled') },
  },
  {
    name: 'OAuth token about itself',
    arrange: (peer) => peer.addToken({ token: 'oauth-1', kind: 'oauth' }),
    options: { headers: { authorization: 'Bearer oauth-1' } },
    status: 400,
  },
  {
    name: 'deploy token',
    arrange: (peer) => peer.addToken({ token: 'gldt-1', kind: 'deploy', scopes: ['read_repository'] }),
    options: as('gldt-1'),
    status: 401,
  },
  {
    name: 'service account without an end',
    arrange: (peer) => peer.addToken({ token: 'glpat-sa', kind: 'serviceAccount' }),
    options: as('glpat-sa'),
    status: 200,
    body: { expires_at: null },
  },
  {
    name: 'blocked account',
    arrange: (peer) => peer.setUserState('alice', 'blocked'),
    status: 403,
    body: { message: '403 Forbidden - Your account has been blocked.' },
  },
  {
    name: 'terms of service not accepted',
    arrange: (peer) => peer.setUserState('alice', 'terms_not_accepted'),
    status: 403,
    body: { message: expect.stringContaining('You (@alice) must accept the Terms of Service') },
  },
  {
    name: 'user without a scope for it',
    arrange: (peer) => peer.setScopes('glpat-full', ['write_repository']),
    path: '/user',
    status: 403,
    body: { error: 'insufficient_scope', scope: 'api read_user read_api' },
  },
  {
    name: 'user',
    arrange: (peer) => peer.setScopes('glpat-full', ['read_user']),
    path: '/user',
    status: 200,
    body: { username: 'alice', bot: false },
  },
  {
    name: 'fine-grained token without a permission for itself',
    arrange: (peer) => peer.addToken({ token: 'glpat-fine', permissions: ['Project: Read'] }),
    options: as('glpat-fine'),
    status: 403,
    body: { error: 'insufficient_granular_scope' },
  },
  {
    name: 'fine-grained token with it',
    arrange: (peer) => peer.addToken({ token: 'glpat-fine', permissions: ['Personal Access Token: Read'] }),
    options: as('glpat-fine'),
    status: 200,
    body: { scopes: ['granular'], granular: true },
  },
  { name: 'version', path: '/version', status: 200, body: { version: '19.4.1' } },
  {
    name: 'project by path',
    path: '/projects/group%2Fsub%2Fprivate',
    status: 200,
    body: { permissions: { project_access: { access_level: 30 }, group_access: null } },
  },
  {
    name: 'hidden project',
    path: '/projects/group%2Fother',
    status: 404,
    body: { message: '404 Project Not Found' },
  },
  { name: 'public project, anonymous', path: '/projects/group%2Fpublic', options: {}, status: 200 },
  {
    name: 'moved project',
    arrange: (peer) => peer.moveProject('group/sub/private', 'new/place'),
    path: '/projects/group%2Fsub%2Fprivate/repository/branches',
    status: 301,
    headers: { location: 'https://gitlab.com/api/v4/projects/101/repository/branches' },
  },
  {
    name: "a project's token in its project",
    arrange: (peer) =>
      peer.addToken({
        token: 'glpat-p',
        kind: 'projectAccess',
        namespace: 'group/other',
        scopes: ['read_api'],
      }),
    path: '/projects/group%2Fother',
    options: as('glpat-p'),
    status: 200,
    body: { permissions: { project_access: { access_level: 40 } } },
  },
  {
    name: "a project's token in another project",
    arrange: (peer) => peer.addToken({ token: 'glpat-p', kind: 'projectAccess', namespace: 'group/other' }),
    path: '/projects/group%2Fsub%2Fprivate',
    options: as('glpat-p'),
    status: 404,
  },
  {
    name: "a group's token below its group",
    arrange: (peer) => peer.addToken({ token: 'glpat-g', kind: 'groupAccess', namespace: 'group' }),
    path: '/projects/group%2Fsub%2Fprivate',
    options: as('glpat-g'),
    status: 200,
  },
  { name: 'double slash', path: '//user', status: 404, body: { error: '404 Not Found' } },
  {
    name: 'throttled with a time to wait',
    arrange: (peer) => peer.failNext(throttled({ retryAfterS: 60 })),
    status: 429,
    headers: { 'content-type': 'text/plain', 'retry-after': '60' },
  },
  {
    name: 'throttled without',
    arrange: (peer) => peer.failNext(throttled()),
    status: 429,
    headers: { 'retry-after': undefined },
  },
  { name: 'limit of the application', arrange: (peer) => peer.failNext(tooManyRequests()), status: 429 },
  {
    name: 'login page instead of the API',
    arrange: (peer) => peer.failNext(loginInsteadOfApi()),
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  },
];

it.each(rows)('$name', async (row) => {
  row.arrange?.(gitlab);
  const reply = await port.ask(api + (row.path ?? self), row.options ?? as('glpat-full'));
  expect(reply.status).toBe(row.status);
  for (const [name, value] of Object.entries(row.headers ?? {})) {
    expect([name, reply.headers[name]]).toEqual([name, value]);
  }
  expect(row.body === undefined ? {} : reply.json()).toMatchObject(row.body ?? {});
});

it('is served below the configured path', async () => {
  const own = createGitLab({ url: 'https://git.corp.example/gitlab/' });
  own.addToken({ token: 'glpat-own' });
  const corp = await openPeer(own);
  const ask = async (path: string): Promise<number> =>
    (await corp.ask(`https://git.corp.example${path}`, as('glpat-own'))).status;
  expect(await ask('/gitlab/api/v4/user')).toBe(200);
  expect(await ask('/api/v4/user')).toBe(404);
  expect(await ask('/gitlab/group/project')).toBe(302);
  await corp.close();
});

it.each([
  { name: 'its own user name', basic: 'robot:gldt-1', status: 200 },
  { name: 'another user name', basic: 'somebody:gldt-1', status: 401 },
  { name: 'another token', basic: 'robot:gldt-2', status: 401 },
])('lets a deploy token fetch: $name', async ({ basic, status }) => {
  gitlab.addToken({
    token: 'gldt-1',
    kind: 'deploy',
    username: 'robot',
    scopes: ['read_repository'],
    namespace: 'group/other',
  });
  const url = 'https://gitlab.com/group/other.git/info/refs?service=git-upload-pack';
  const reply = await port.ask(url, { headers: { authorization: `Basic ${btoa(basic)}` } });
  expect(reply.status).toBe(status);
});
