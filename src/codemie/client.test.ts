import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stretched } from '../../test/harness/pace.ts';
import { type CodeMiePeer, createCodeMiePeer } from '../../test/harness/peers/codemie/codemie-peer.ts';
import type { CodeMieUser } from '../../test/harness/peers/codemie/directory.ts';
import {
  drop,
  type Fault,
  gatewayError,
  insertFailure,
  tooManyRequests,
} from '../../test/harness/peers/codemie/faults.ts';
import { type Internet, startInternet } from '../../test/harness/peers/internet.ts';
import type { DesiredSetting, ObservedSetting } from '../domain/git-setting.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import { type CodeMieClient, createCodeMieClient } from './client.ts';
import { CodeMieError } from './codemie-error.ts';
import { createLimiter } from './limits.ts';
import { createTokenSource } from './sign-in.ts';

const { signal } = new AbortController();

let peer: CodeMiePeer;
let internet: Internet;
let http: HttpClient;
let users: Record<'admin' | 'owner' | 'member', CodeMieUser>;

beforeEach(async () => {
  peer = createCodeMiePeer({ insertDelayMs: 0 });
  peer.addProject('team-a');
  users = {
    admin: peer.addUser({ username: 'admin', isAdmin: true }),
    owner: peer.addUser({ username: 'owner', projectAdminOf: ['team-a'] }),
    member: peer.addUser({ username: 'member', memberOf: ['team-a'] }),
  };
  for (const user of Object.values(users)) peer.addToken(user.username, user);
  internet = await startInternet({ peers: [peer] });
  http = createHttpClient({
    policy: { allowedHosts: ['codemie.example.com'], allowPrivateNetworks: false },
    ca: [internet.ca],
    proxy: { httpsProxy: internet.proxyUrl },
    timeoutMs: stretched(5000),
    maxBodyBytes: 1_000_000,
    userAgent: 'test/1',
  });
});

afterEach(async () => {
  await http.close();
  await internet.close();
});

function clientOf(token: keyof typeof users | 'nobody', url = `${peer.url}/`): CodeMieClient {
  return createCodeMieClient({
    url,
    http,
    tokens: createTokenSource({
      auth: { kind: 'token', token },
      baseUrl: url,
      http,
      budget: { take: () => undefined },
      now: Date.now,
    }),
    limiter: createLimiter({ concurrency: 4, requestsPerSecond: 1000 }),
    now: Date.now,
  });
}

function desired(changes: Partial<DesiredSetting> = {}): DesiredSetting {
  return {
    scope: 'Project',
    project: 'team-a',
    alias: 'github',
    isGlobal: false,
    values: [
      { key: 'url', value: 'https://github.com' },
      { key: 'auth_type', value: 'pat' },
      { key: 'name', value: 'oauth2' },
      { key: 'token', value: 'ghp_SECRET' },
      { key: 'managed_by', value: 'codemie-git-operator/c/ns/name' },
    ],
    ...changes,
  };
}

async function failure(work: Promise<unknown>): Promise<CodeMieError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CodeMieError)) throw new Error('expected a CodeMieError', { cause: error });
  return error;
}

async function only(client: CodeMieClient): Promise<ObservedSetting> {
  const [setting, ...others] = await client.listGitSettings('Project', signal);
  if (setting === undefined || others.length > 0) throw new Error('expected one setting');
  return setting;
}

describe('the account', () => {
  it('reports the login and its rights', async () => {
    await expect(clientOf('owner').whoAmI(signal)).resolves.toEqual({
      userId: users.owner.id,
      name: 'owner',
      isAdmin: false,
      isMaintainer: false,
      projects: new Set([users.owner.email, 'team-a']),
      adminProjects: new Set(['team-a']),
    });
    await expect(clientOf('admin').whoAmI(signal)).resolves.toMatchObject({ isAdmin: true });
    await expect(clientOf('owner').serverVersion(signal)).resolves.toBe('0.16.0');
  });

  it('does not exist for a token that is not known', async () => {
    expect((await failure(clientOf('nobody').whoAmI(signal))).kind).toBe('unauthorized');
  });
});

describe('a token that is refused', () => {
  const header = (token: string) => ({ name: 'Authorization', value: `Bearer ${token}` });
  /** Gives `tokens` one after the other. */
  function clientWith(given: string[]): CodeMieClient {
    const tokens = [...given];
    return createCodeMieClient({
      url: peer.url,
      http,
      tokens: {
        token: async () => header(tokens[0] ?? 'nobody'),
        replace: async () => {
          tokens.shift();
          return tokens[0] === undefined ? undefined : header(tokens[0]);
        },
        current: () => tokens[0],
      },
      limiter: createLimiter({ concurrency: 1, requestsPerSecond: 1000 }),
      now: Date.now,
    });
  }

  it('is replaced once, for a write too', async () => {
    await clientWith(['expired', 'owner']).create(desired(), signal);
    expect(peer.rows()).toHaveLength(1);
  });

  it('is not replaced forever', async () => {
    expect((await failure(clientWith(['a', 'b', 'c']).whoAmI(signal))).kind).toBe('unauthorized');
    expect(internet.requests).toHaveLength(2);
  });

  it('is kept when it is the permission that lacks', async () => {
    const { id } = peer.seed({
      project: 'team-a',
      alias: 'github',
      values: { token: 'x' },
      user: users.owner,
    });
    const error = await failure(clientWith(['member', 'owner']).update(id, desired(), signal));
    expect(error.kind).toBe('accessDenied');
    expect(internet.requests).toHaveLength(1);
  });
});

describe('projects', () => {
  it.each([
    { name: 'team-a', found: 'found' },
    { name: 'Team-A', found: 'notFound' },
    { name: 'team', found: 'notFound' },
    { name: 'team-b', found: 'notFound' },
    { name: 'team-a/..', found: 'notFound' },
    { name: '..', found: 'notFound' },
    { name: '', found: 'notFound' },
  ])('$name is $found', async ({ name, found }) => {
    await expect(clientOf('owner').findProject(name, signal)).resolves.toBe(found);
  });

  it('are created once', async () => {
    const client = clientOf('owner');
    await expect(client.createProject('team-new', 'd', signal)).resolves.toBe('created');
    await expect(client.createProject('team-new', 'd', signal)).resolves.toBe('exists');
    await expect(client.findProject('team-new', signal)).resolves.toBe('found');
  });

  it.each([
    {
      name: 'Not Allowed',
      description: 'd',
      kind: 'rejected',
      says: /to be called "Not Allowed"\. It wants 3 to/,
    },
    { name: 'ab', description: 'd', kind: 'rejected', says: /to be called "ab"/ },
    { name: 'demo', description: 'd', kind: 'rejected', says: /reserves some names, such as demo/ },
    { name: 'fine', description: ' ', kind: 'rejected', says: /refused to create project "fine"/ },
    { name: 'one-more', description: 'd', kind: 'accessDenied', says: /no more projects, .* "one-more"/ },
  ])('called $name are refused as $kind', async ({ name, description, kind, says }) => {
    const client = clientOf('member');
    if (name === 'one-more')
      for (const number of [1, 2, 3]) await client.createProject(`many-${number}`, 'd', signal);
    const error = await failure(client.createProject(name, description, signal));
    expect(error.kind).toBe(kind);
    expect(`${error.message} ${error.hint}`).toMatch(says);
  });
});

describe('integrations', () => {
  it('are created, found, updated in place and removed', async () => {
    const client = clientOf('owner');
    await client.create(desired(), signal);
    const created = await only(client);
    expect(created).toMatchObject({
      project: 'team-a',
      alias: 'github',
      scope: 'Project',
      isGlobal: false,
      values: {
        url: 'https://github.com',
        token: '**********',
        managed_by: 'codemie-git-operator/c/ns/name',
      },
    });

    await client.update(created.id, desired({ alias: 'renamed' }), signal);
    const updated = await only(client);
    expect(updated).toMatchObject({ id: created.id, alias: 'renamed', createdAt: created.createdAt });
    expect(updated.updatedAt).not.toBe(created.updatedAt);
    expect(peer.rows()[0]?.credential_values).toContainEqual({ key: 'token', value: 'ghp_SECRET' });

    await client.remove('Project', created.id, signal);
    await expect(client.listGitSettings('Project', signal)).resolves.toEqual([]);
  });

  it('that no listing shows are removed as far as CodeMie lets the login', async () => {
    const values = { url: 'https://github.com', token: 'SECRET' };
    const seed = (project: string) => peer.seed({ project, alias: 'a', values, user: users.owner });
    const outOfSight = seed('team-b');
    const owner = clientOf('owner');
    expect(await owner.removeUnlisted(outOfSight.id, signal)).toBe('outOfSight');
    expect(await owner.removeUnlisted('nowhere', signal)).toBe('missing');
    expect(await owner.removeUnlisted(seed('team-a').id, signal)).toBe('removed');
    expect(peer.rows()).toEqual([outOfSight]);
    for (const status of [502, 503] as const) {
      peer.faults.add({ outcome: gatewayError(status, 'beforeCommit') });
      await expect(owner.removeUnlisted('nowhere', signal)).rejects.toMatchObject({ kind: 'uncertain' });
    }
  });

  it('of a user are kept apart', async () => {
    const client = clientOf('member');
    await client.create(desired({ scope: 'User', isGlobal: true }), signal);
    await expect(client.listGitSettings('Project', signal)).resolves.toEqual([]);
    const [mine] = await client.listGitSettings('User', signal);
    expect(mine).toMatchObject({ scope: 'User', isGlobal: true });
    await client.remove('User', mine?.id ?? '', signal);
    await expect(client.listGitSettings('User', signal)).resolves.toEqual([]);
  });

  it('are all listed, of thousands and among others', async () => {
    for (let index = 0; index < 1500; index += 1) {
      peer.seed({
        project: 'team-a',
        alias: `a${index}`,
        values: { url: 'https://github.com' },
        user: users.owner,
      });
    }
    peer.seed({ project: 'team-a', alias: 'jira', values: {}, user: users.owner, credentialType: 'Jira' });
    peer.seed({ project: 'team-b', alias: 'b', values: {}, user: users.admin });
    const settings = await clientOf('admin').listGitSettings('Project', signal);
    expect(new Set(settings.map((setting) => setting.alias)).size).toBe(1501);
    expect(internet.requests).toHaveLength(2);
    await expect(clientOf('owner').listGitSettings('Project', signal)).resolves.toHaveLength(1500);
  });

  it.each([
    { name: 'a mask', value: '**********' },
    { name: 'blanks', value: ' ' },
  ])('are never sent with $name for a secret', async ({ value }) => {
    const client = clientOf('owner');
    const harmful = desired({ values: [{ key: 'token', value }] });
    expect((await failure(client.create(harmful, signal))).kind).toBe('rejected');
    expect((await failure(client.update('x', harmful, signal))).kind).toBe('rejected');
    expect(internet.requests).toEqual([]);
  });
});

describe('what CodeMie refuses', () => {
  const app = { key: 'auth_type', value: 'github_app' };
  const key = '-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----\n';
  it.each([
    {
      name: 'a key that is no PEM',
      values: [app, { key: 'app_id', value: '1' }, { key: 'private_key', value: 'SECRET' }],
    },
    {
      name: 'an App ID that is no number',
      values: [app, { key: 'app_id', value: 'SECRET' }, { key: 'private_key', value: key }],
    },
    { name: 'no token', values: [{ key: 'url', value: 'https://github.com' }] },
  ])('$name is said in our own words', async ({ values }) => {
    const error = await failure(clientOf('owner').create(desired({ values }), signal));
    expect(error.kind).toBe('rejected');
    expect(`${error.message}${error.hint}`).not.toContain('SECRET');
  });

  it.each<{ name: string; act: (client: CodeMieClient, id: string) => Promise<void> }>([
    { name: 'create', act: (client) => client.create(desired({ alias: 'other' }), signal) },
    { name: 'update', act: (client, id) => client.update(id, desired(), signal) },
    { name: 'remove', act: (client, id) => client.remove('Project', id, signal) },
  ])('$name without the right is accessDenied', async ({ act }) => {
    const { id } = peer.seed({
      project: 'team-a',
      alias: 'github',
      values: { token: 'x' },
      user: users.owner,
    });
    expect((await failure(act(clientOf('member'), id))).kind).toBe('accessDenied');
  });

  it('a taken alias is uncertain and flagged', async () => {
    const client = clientOf('owner');
    await client.create(desired(), signal);
    const error = await failure(client.create(desired(), signal));
    expect(error).toMatchObject({ kind: 'uncertain', duplicateAlias: true });
  });

  it.each<{ name: string; act: (client: CodeMieClient) => Promise<void> }>([
    { name: 'update', act: (client) => client.update('gone', desired(), signal) },
    { name: 'remove', act: (client) => client.remove('Project', 'gone', signal) },
  ])('$name of one that is gone is uncertain', async ({ act }) => {
    expect(await failure(act(clientOf('owner')))).toMatchObject({ kind: 'uncertain', duplicateAlias: false });
  });
});

describe('what goes wrong on the way', () => {
  it.each<{ name: string; fault: Fault; kind: string; stored: number }>([
    {
      name: 'a connection lost before the write',
      fault: { outcome: drop('beforeCommit') },
      kind: 'uncertain',
      stored: 0,
    },
    {
      name: 'a connection lost after the write',
      fault: { outcome: drop('afterCommit') },
      kind: 'uncertain',
      stored: 1,
    },
    {
      name: 'a 502 before the write',
      fault: { outcome: gatewayError(502, 'beforeCommit') },
      kind: 'uncertain',
      stored: 0,
    },
    {
      name: 'a 504 after the write',
      fault: { outcome: gatewayError(504, 'afterCommit') },
      kind: 'uncertain',
      stored: 1,
    },
    {
      name: 'a failed insert that echoes the token',
      fault: { outcome: insertFailure() },
      kind: 'uncertain',
      stored: 0,
    },
    { name: 'a rate limit', fault: { outcome: tooManyRequests(7) }, kind: 'rateLimited', stored: 0 },
  ])('create: $name is $kind, and sent once', async ({ fault, kind, stored }) => {
    peer.faults.add({ method: 'POST', ...fault });
    const error = await failure(clientOf('owner').create(desired(), signal));
    expect(error.kind).toBe(kind);
    expect(JSON.stringify([error.message, error.hint, String(error.cause)])).not.toContain('SECRET');
    expect(peer.rows()).toHaveLength(stored);
    expect(internet.requests).toHaveLength(1);
  });

  it('a rate limit says until when', async () => {
    peer.faults.add({ outcome: tooManyRequests(7) });
    const before = Date.now();
    const { retryAtMs = 0 } = await failure(clientOf('owner').listGitSettings('Project', signal));
    expect(retryAtMs).toBeGreaterThanOrEqual(before + 7000);
  });

  it('a database that is down is no verdict on what was sent', async () => {
    const client = clientOf('owner');
    peer.setDatabase('downBehindLogin');
    expect((await failure(client.create(desired(), signal))).kind).toBe('uncertain');
    expect((await failure(client.listGitSettings('Project', signal))).kind).toBe('unreachable');
  });

  it.each([
    { name: 'a refused connection', fault: { kind: 'refuse' } },
    { name: 'a foreign certificate', fault: { kind: 'certificate', problem: 'unknownAuthority' } },
  ] as const)('$name leaves no doubt: nothing was written', async ({ fault }) => {
    internet.setFault('codemie.example.com', fault);
    const error = await failure(clientOf('owner').create(desired(), signal));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('codemie.example.com');
  });

  it('a URL without the path of the API is not the API', async () => {
    const client = clientOf('owner', 'https://codemie.example.com');
    expect((await failure(client.whoAmI(signal))).kind).toBe('protocol');
    expect((await failure(client.create(desired(), signal))).kind).toBe('protocol');
  });

  it('a caller that gives up during a write leaves it uncertain', async () => {
    const leaving = new AbortController();
    peer.faults.add({ method: 'POST', before: () => leaving.abort() });
    expect((await failure(clientOf('owner').create(desired(), leaving.signal))).kind).toBe('uncertain');
  });
});
