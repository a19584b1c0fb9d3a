import { generateKeyPairSync } from 'node:crypto';
import { fetch, ProxyAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createOidcPeer, type OidcPeer } from '../oidc/oidc-peer.ts';
import { signToken } from './jwt.ts';
import { errorOf, gitSetting, startTestClient, type TestClient } from './test-client.ts';

const pat = { url: 'https://github.com', token: 'stored' };
const accessDeniedWrite = 'You do not have the necessary permissions to write this entity.';

describe('rights', () => {
  let client: TestClient;

  beforeAll(async () => {
    client = await startTestClient();
  });

  afterAll(() => client.close());

  it.each([
    { token: 'admin', post: 200, put: 200, remove: 200, elsewhere: 200 },
    { token: 'owner', post: 200, put: 200, remove: 200, elsewhere: 403 },
    { token: 'member', post: 403, put: 401, remove: 403, elsewhere: 403 },
    { token: 'stranger', post: 403, put: 401, remove: 403, elsewhere: 403 },
  ])('$token: POST $post, PUT $put, DELETE $remove, POST for a new project $elsewhere', async (row) => {
    const { token } = row;
    const call: TestClient['call'] = (method, path, options) => client.call(method, path, options);
    const other = client.peer.addUser({ username: `creator-for-${token}` });
    const setting = client.peer.seed({
      project: 'team-a',
      alias: `seeded-${token}`,
      values: pat,
      user: other,
    });
    const path = `/v1/settings/project/${setting.id}`;
    const body = gitSetting(pat, { alias: `of-${token}` });
    const elsewhere = gitSetting(pat, { alias: 'x', project: `new-for-${token}` });
    expect((await call('POST', '/v1/settings/project', { token, body })).status).toBe(row.post);
    expect((await call('POST', '/v1/settings/project', { token, body: elsewhere })).status).toBe(
      row.elsewhere,
    );
    const put = { token, body: gitSetting(pat, { alias: `seeded-${token}` }) };
    expect((await call('PUT', path, put)).status).toBe(row.put);
    expect((await call('DELETE', path, { token })).status).toBe(row.remove);
  });

  it('lets a creator who is no project administrator any more update, but not delete', async () => {
    const creator = client.peer.addUser({ username: 'creator', memberOf: ['team-a'] });
    client.peer.addToken('creator', creator);
    const { id } = client.peer.seed({ project: 'team-a', alias: 'created', values: pat, user: creator });
    const body = gitSetting(pat, { alias: 'created' });
    const path = `/v1/settings/project/${id}`;
    expect((await client.call('PUT', path, { token: 'creator', body })).status).toBe(200);
    expect((await client.call('DELETE', path, { token: 'creator' })).status).toBe(403);
  });

  it('says "Access denied" with 403 on POST and with 401 on PUT', async () => {
    const someone = client.peer.addUser({ username: 'someone' });
    const { id } = client.peer.seed({ project: 'team-a', alias: 'theirs', values: pat, user: someone });
    const body = gitSetting(pat);
    const post = await client.call('POST', '/v1/settings/project', { token: 'stranger', body });
    expect(post.status).toBe(403);
    expect(errorOf(post)).toMatchObject({
      message: 'Access denied',
      details: "You do not have sufficient permissions to access the project 'team-a'.",
    });
    const put = await client.call('PUT', `/v1/settings/project/${id}`, { token: 'stranger', body });
    expect(put.status).toBe(401);
    expect(errorOf(put)).toMatchObject({ message: 'Access denied', details: accessDeniedWrite });
  });

  it('checks the rules for Git before the rights', async () => {
    const body = gitSetting({ url: 'https://github.com' });
    expect((await client.call('POST', '/v1/settings/project', { token: 'stranger', body })).status).toBe(422);
  });

  it('keeps personal settings to their owner, even from an administrator', async () => {
    const body = gitSetting(pat, { alias: 'personal' });
    const send = (method: string, path: string, token: string) => client.call(method, path, { token, body });
    expect((await send('POST', '/v1/settings/user', 'stranger')).status).toBe(403);
    expect((await send('POST', '/v1/settings/user', 'member')).status).toBe(200);
    const row = client.peer.rows().find(({ alias }) => alias === 'personal');
    const path = `/v1/settings/user/${row?.id}`;
    expect(row?.setting_type).toBe('user');
    expect((await send('PUT', path, 'member')).status).toBe(200);
    for (const method of ['PUT', 'DELETE']) {
      expect((await send(method, path, 'admin')).status).toBe(401);
    }
    // The row blocks the alias in the project, though no list of the project shows it.
    expect((await send('POST', '/v1/settings/project', 'owner')).status).toBe(422);
    expect((await send('POST', '/v1/settings/user', 'owner')).status).toBe(200);
    expect((await send('POST', '/v1/settings/user', 'member')).status).toBe(422);
    expect((await client.call('DELETE', path, { token: 'member' })).status).toBe(200);
    expect((await client.call('DELETE', path, { token: 'member' })).status).toBe(404);
  });
});

describe('signing in', () => {
  let client: TestClient;
  let oidc: OidcPeer;
  let dispatcher: ProxyAgent;
  let nowMs = Date.now();
  const service = { clientId: 'op', clientSecret: 'op-secret' };
  const account = {
    subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b01',
    username: 'op',
    email: 'op@example.com',
  };

  beforeAll(async () => {
    oidc = createOidcPeer({ clients: [{ ...service, account: { ...account, roles: ['admin'] } }] });
    const options = { identityProvider: oidc, userManagement: true, now: () => nowMs };
    client = await startTestClient(options, [oidc]);
    client.peer.addUser({ username: 'jane', password: 'her-password' });
    dispatcher = new ProxyAgent({ uri: client.internet.proxyUrl, requestTls: { ca: client.internet.ca } });
  });

  afterAll(async () => {
    await dispatcher.destroy();
    await client.close();
  });

  function whoAmI(token: string | null, headers: Record<string, string> = {}) {
    return client.call('GET', '/v1/user', { token, headers });
  }

  function login(password: string) {
    const body = { email: 'jane@example.com', password };
    return client.call('POST', '/v1/local-auth/login', { token: null, body });
  }

  async function accessToken(): Promise<string> {
    const answer = await login('her-password');
    return z.object({ access_token: z.string() }).parse(answer.body).access_token;
  }

  async function oidcToken(): Promise<string> {
    const response = await fetch(oidc.tokenUrl, {
      method: 'POST',
      dispatcher,
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'op',
        client_secret: 'op-secret',
        scope: 'openid',
      }),
    });
    return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
  }

  it('knows its own tokens until they expire', async () => {
    const token = await accessToken();
    expect(await whoAmI(token)).toMatchObject({
      status: 200,
      body: { username: 'jane', is_admin: false, applications: ['jane@example.com'], applications_admin: [] },
    });
    nowMs += 86_400_000;
    expect(errorOf(await whoAmI(token)).message).toBe('JWT has expired');
  });

  it('knows the tokens of its identity provider, and copies the role once', async () => {
    const token = await oidcToken();
    nowMs = Date.now();
    expect(await whoAmI(token)).toMatchObject({
      status: 200,
      body: { user_id: account.subject, username: 'op', email: 'op@example.com', is_admin: true },
    });
    const [user] = oidc.realm.users;
    user?.roles.delete('admin');
    user?.roles.add('developer');
    expect(await whoAmI(await oidcToken())).toMatchObject({ status: 200, body: { is_admin: true } });
    oidc.setFault({ kind: 'down' });
    expect(errorOf(await whoAmI(token)).message).toBe('Authentication failed');
    oidc.setFault(undefined);
  });

  it('refuses what it can’t trust, with no WWW-Authenticate', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const forged = signToken({ iss: 'codemie-local', sub: 'x', exp: 9_999_999_999 }, privateKey);
    const foreign = signToken(
      { iss: 'https://elsewhere.example.com', sub: 'x', exp: 9_999_999_999 },
      privateKey,
    );
    const table: { token: string | null; headers?: Record<string, string>; message: string }[] = [
      { token: null, message: 'Authentication required' },
      { token: null, headers: { authorization: 'Basic eDp5' }, message: 'Authentication required' },
      { token: null, headers: { 'user-id': 'admin' }, message: 'Authentication required' },
      { token: 'abc', message: 'Invalid JWT: Not enough segments' },
      { token: forged, message: 'Invalid JWT: Signature verification failed' },
      { token: foreign, message: 'Invalid JWT issuer' },
      { token: 'admin', headers: { cookie: 'codemie_access_token=x' }, message: 'Ambiguous authentication' },
    ];
    for (const { token, headers, message } of table) {
      const answer = await whoAmI(token, headers);
      expect(answer.status).toBe(401);
      expect(errorOf(answer).message).toBe(message);
      expect(answer.headers.get('www-authenticate')).toBeNull();
    }
  });

  it('limits sign-ins, good and bad, to five in 15 minutes', async () => {
    nowMs += 86_400_000;
    const statuses: number[] = [];
    for (const password of ['no', 'no', 'no', 'no', 'her-password', 'her-password']) {
      statuses.push((await login(password)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 200, 429]);
    expect((await login('her-password')).headers.get('retry-after')).toBeNull();
    nowMs += 15 * 60_000;
    expect((await login('her-password')).status).toBe(200);
  });

  it('answers anyone who asks for its version and its health', async () => {
    expect((await client.call('GET', '/v1/info', { token: null })).body).toEqual({
      message: 'Codemie',
      version: '0.16.0',
      description: "Smart AI assistant 'CodeMie'",
    });
    expect((await client.call('GET', '/v1/healthcheck', { token: null })).body).toMatchObject({
      status: 'healthy',
    });
  });

  it('past the proxy, reads the token from a separate header', async () => {
    const direct = await startTestClient({ tokenHeader: 'x-auth-request-access-token', basePath: '' });
    const headers = { 'x-auth-request-access-token': 'admin' };
    expect((await direct.call('GET', '/v1/user', { token: null, headers })).status).toBe(200);
    expect((await direct.call('GET', '/v1/user')).status).toBe(401);
    await direct.close();
  });
});

describe("rights from Keycloak, CodeMie's default mode", () => {
  let client: TestClient;
  let oidc: OidcPeer;
  let dispatcher: ProxyAgent;
  const service = { clientId: 'op', clientSecret: 'op-secret' };
  const account = {
    subject: '5f0f3a5e-4f0c-4d5e-9d3b-0a6a7d6c9b02',
    username: 'op',
    email: 'op@example.com',
    attributes: { applications: 'team-a, fresh', applications_admin: 'team-a,team-b' },
  };

  beforeAll(async () => {
    oidc = createOidcPeer({ clients: [{ ...service, account }] });
    client = await startTestClient({ identityProvider: oidc, userManagement: false }, [oidc]);
    dispatcher = new ProxyAgent({ uri: client.internet.proxyUrl, requestTls: { ca: client.internet.ca } });
  });

  afterAll(async () => {
    await dispatcher.destroy();
    await client.close();
  });

  async function whoAmI(scope = 'openid') {
    const form = { grant_type: 'client_credentials', client_id: 'op', client_secret: 'op-secret', scope };
    const response = await fetch(oidc.tokenUrl, {
      method: 'POST',
      dispatcher,
      body: new URLSearchParams(form),
    });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await response.json());
    return client.call('GET', '/v1/user', { token });
  }

  it('are the projects of the attributes, as they are at each request', async () => {
    expect(await whoAmI()).toMatchObject({
      status: 200,
      body: { is_admin: false, applications: ['team-a', 'fresh'], applications_admin: ['team-a'] },
    });
    const known = await client.call('GET', '/v1/admin/applications?search=fresh');
    expect(known.body).toMatchObject({ applications: [{ name: 'fresh' }] });
    const [user] = oidc.realm.users;
    if (user) user.attributes = {};
    expect(await whoAmI()).toMatchObject({ status: 200, body: { applications: [], applications_admin: [] } });
  });

  it('need the client scope codemie', async () => {
    const [user] = oidc.realm.users;
    if (user) user.attributes = { applications: ['team-a'], applications_admin: ['team-a'] };
    const scopes = oidc.realm.clients.find(({ clientId }) => clientId === 'op')?.defaultScopes;
    scopes?.delete('codemie');
    expect(await whoAmI()).toMatchObject({ status: 200, body: { applications: [] } });
    scopes?.add('codemie');
    expect(await whoAmI()).toMatchObject({ status: 200, body: { applications_admin: ['team-a'] } });
  });

  it('need a token of OpenID, a role, an e-mail address and names', async () => {
    expect((await whoAmI('email')).status).toBe(401);
    const [user] = oidc.realm.users;
    if (!user) throw new Error('The realm has a user.');
    const lacks: [() => void, () => void][] = [
      [() => user.roles.delete('developer'), () => user.roles.add('developer')],
      [() => (user.email = undefined), () => (user.email = account.email)],
      [() => (user.lastName = undefined), () => (user.lastName = 'Operator')],
    ];
    for (const [take, give] of lacks) {
      take();
      expect(errorOf(await whoAmI()).message).toBe('Authentication failed');
      give();
      expect((await whoAmI()).status).toBe(200);
    }
  });

  it('make an administrator of who has the role', async () => {
    oidc.realm.users[0]?.roles.add('admin');
    expect(await whoAmI()).toMatchObject({ status: 200, body: { is_admin: true } });
  });
});

describe('/v1/projects', () => {
  let client: TestClient;

  beforeAll(async () => {
    client = await startTestClient();
  });

  afterAll(() => client.close());

  it.each([
    { name: 'team-a', token: 'admin', status: 200 },
    { name: 'Team-A', token: 'admin', status: 404 },
    { name: 'team-a', token: 'member', status: 200 },
    { name: 'team-a', token: 'stranger', status: 404 },
    { name: 'nowhere', token: 'admin', status: 404 },
  ])('answers $token asking for $name with $status', async ({ name, token, status }) => {
    expect((await client.call('GET', `/v1/projects/${name}`, { token })).status).toBe(status);
  });

  it.each([
    { name: 'fresh', status: 201 },
    { name: 'team-a', status: 409 },
    { name: 'Upper', status: 400 },
    { name: 'ab', status: 400 },
    { name: '-dash', status: 400 },
    { name: 'demo', status: 400 },
  ])('answers the creation of $name with $status', async ({ name, status }) => {
    const body = { name, description: 'd' };
    expect((await client.call('POST', '/v1/projects', { token: 'stranger', body })).status).toBe(status);
  });

  it.each([
    { name: 'no description', body: { name: 'fresh2' }, status: 422, message: 'description: Field required' },
    {
      name: 'a description of blanks',
      body: { name: 'fresh2', description: ' ' },
      status: 400,
      message: 'Project description is required',
    },
    {
      name: 'a description of 501 letters',
      body: { name: 'fresh2', description: 'd'.repeat(501) },
      status: 400,
      message: 'Project description cannot exceed 500 characters',
    },
    {
      name: 'a reserved name',
      body: { name: 'demo', description: '' },
      status: 400,
      message: "Project name 'demo' is reserved and cannot be used",
    },
  ])('refuses a project with $name', async ({ body, status, message }) => {
    const answer = await client.call('POST', '/v1/projects', { token: 'stranger', body });
    expect(answer.status).toBe(status);
    expect(errorOf(answer).message).toBe(message);
  });

  it('limits how many projects a user creates, but not an administrator', async () => {
    const creator = client.peer.addUser({ username: 'creator' });
    client.peer.addToken('creator', creator);
    const create = (token: string, name: string) =>
      client.call('POST', '/v1/projects', { token, body: { name, description: 'd' } });
    for (const number of [1, 2, 3]) expect((await create('creator', `many-${number}`)).status).toBe(201);
    // The limit comes before the look for another project of that name.
    for (const name of ['many-4', 'team-a']) {
      const refused = await create('creator', name);
      expect(refused.status).toBe(403);
      expect(errorOf(refused).message).toBe(
        'Project creation limit reached (3/3). Contact administrator to increase your limit.',
      );
    }
    for (const number of [5, 6, 7, 8]) expect((await create('admin', `many-${number}`)).status).toBe(201);
  });

  it('is off without user management', async () => {
    const other = await startTestClient({ userManagement: false });
    for (const [method, path] of [
      ['GET', '/v1/projects/team-a'],
      ['GET', '/v1/projects'],
      ['POST', '/v1/projects'],
    ] as const) {
      const body = method === 'POST' ? { name: 'fresh', description: 'd' } : undefined;
      const answer = await other.call(method, path, { body });
      expect(answer.status).toBe(400);
      expect(errorOf(answer).message).toBe('User management not enabled');
    }
    const listed = await other.call('GET', '/v1/admin/applications?search=TEAM-A');
    expect(listed.body).toEqual({ applications: [{ name: 'team-a', display_name: null }] });
    await other.close();
  });

  it('makes who creates a project its administrator, and keeps it while it has settings', async () => {
    const body = { name: 'mine', description: 'd' };
    expect((await client.call('POST', '/v1/projects', { token: 'member', body })).status).toBe(201);
    const setting = gitSetting(pat, { project: 'mine' });
    expect(
      (await client.call('POST', '/v1/settings/project', { token: 'member', body: setting })).status,
    ).toBe(200);
    expect((await client.call('DELETE', '/v1/projects/mine', { token: 'member' })).status).toBe(409);
    client.peer.rows().forEach((row) => client.peer.remove(row.id));
    expect((await client.call('DELETE', '/v1/projects/mine', { token: 'member' })).status).toBe(200);
  });
});
