import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drop, gatewayError, insertFailure, tooManyRequests } from './faults.ts';
import { errorOf, gitSetting, listOf, startTestClient, type TestClient, valuesOf } from './test-client.ts';

const pat = { url: 'https://github.com', token: 'SECRET', managed_by: 'me' };
const path = '/v1/settings/project';

describe('faults', () => {
  let client: TestClient;

  beforeEach(async () => {
    client = await startTestClient();
  });

  afterEach(() => client.close());

  function create(alias = 'alias') {
    return client.call('POST', path, { body: gitSetting(pat, { alias }) });
  }

  it.each([
    { name: 'before', when: 'beforeCommit' as const, rows: 0 },
    { name: 'after', when: 'afterCommit' as const, rows: 1 },
  ])('drops the connection $name the commit, once', async ({ when, rows }) => {
    client.peer.faults.add({ method: 'POST', path, outcome: drop(when) });
    await expect(create()).rejects.toThrow('fetch failed');
    expect(client.peer.rows()).toHaveLength(rows);
    expect((await create('second')).status).toBe(200);
  });

  it.each([
    {
      name: '500 of the ingress after the commit',
      outcome: gatewayError(500, 'afterCommit'),
      status: 500,
      rows: 1,
    },
    {
      name: '502 of the ingress before the commit',
      outcome: gatewayError(502, 'beforeCommit'),
      status: 502,
      rows: 0,
    },
    { name: '429 with a time', outcome: tooManyRequests(7), status: 429, rows: 0 },
    { name: 'a failed insert', outcome: insertFailure(), status: 422, rows: 0 },
  ])('answers $name', async ({ outcome, status, rows }) => {
    client.peer.faults.add({ method: 'POST', outcome });
    expect((await create()).status).toBe(status);
    expect(client.peer.rows()).toHaveLength(rows);
  });

  it('says when to come back, and echoes secrets of a failed insert', async () => {
    client.peer.faults.add({ outcome: tooManyRequests(7) });
    client.peer.faults.add({ outcome: insertFailure() });
    expect((await create()).headers.get('retry-after')).toBe('7');
    expect(errorOf(await create()).details).toContain('SECRET');
  });

  it('plays a fault as often as set, for matching requests, until removed', async () => {
    const fault = client.peer.faults.add({
      method: 'GET',
      path: /^\/v1\/settings/,
      times: 2,
      outcome: tooManyRequests(),
    });
    const statuses: number[] = [];
    for (const asked of [path, '/v1/user', path, path]) {
      statuses.push((await client.call('GET', asked)).status);
    }
    expect(statuses).toEqual([429, 200, 429, 200]);
    const lasting = client.peer.faults.add({ times: Number.POSITIVE_INFINITY, outcome: tooManyRequests() });
    expect((await client.call('GET', path)).status).toBe(429);
    lasting.remove();
    fault.remove();
    expect((await client.call('GET', path)).status).toBe(200);
  });

  it('holds a request until the test releases it', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    client.peer.faults.add({
      method: 'POST',
      before: () => {
        arrived.resolve();
        return gate.promise;
      },
    });
    const answer = create();
    await arrived.promise;
    expect(client.peer.rows()).toEqual([]);
    gate.resolve();
    expect((await answer).status).toBe(200);
  });

  it('shifts the pages of a list under its reader', async () => {
    const user = client.peer.addUser({ username: 'someone' });
    const seed = (alias: string) => client.peer.seed({ project: 'team-a', alias, values: pat, user });
    ['one', 'two', 'three', 'four'].forEach(seed);
    client.peer.faults.add({
      method: 'GET',
      before: (request) => {
        if (request.query.get('page') === '1') {
          seed('five');
        }
      },
      times: 2,
    });
    const aliases: unknown[] = [];
    for (const page of [0, 1]) {
      const { data } = listOf(await client.call('GET', `${path}?per_page=2&page=${page}`));
      aliases.push(...data.map((row) => row['alias']));
    }
    expect(aliases).toEqual(['four', 'three', 'three', 'two']);
  });

  it('has a database that is down', async () => {
    client.peer.setDatabase('down');
    const denied = await create();
    expect(denied.status).toBe(401);
    expect(errorOf(denied).message).toBe('Authentication failed');
    expect((await client.call('GET', '/v1/healthcheck')).status).toBe(200);

    client.peer.setDatabase('downBehindLogin');
    const refused = await create();
    expect(refused.status).toBe(422);
    expect(errorOf(refused).details).toContain('(psycopg2.OperationalError)');
    expect((await client.call('GET', path)).status).toBe(500);
    expect((await client.call('DELETE', `${path}/x`)).status).toBe(500);

    client.peer.setDatabase('up');
    expect((await create()).status).toBe(200);
  });

  it('can be a server that drops keys it doesn’t know', async () => {
    client.peer.keepUnknownKeys(false);
    await create();
    expect(valuesOf(client.peer.rows()[0])).toEqual({ url: pat.url, token: 'SECRET' });
  });
});
