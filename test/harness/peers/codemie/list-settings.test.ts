import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, listOf, startTestClient, type TestClient } from './test-client.ts';

const pat = { url: 'https://github.com', token: 'stored' };

describe('GET /v1/settings/project', () => {
  let client: TestClient;

  beforeAll(async () => {
    client = await startTestClient();
    const { peer } = client;
    const jane = peer.addUser({ username: 'Jane Doe' });
    const john = peer.addUser({ username: 'John Roe' });
    peer.seed({ project: 'team-a', alias: 'github', values: pat, user: jane });
    peer.seed({ project: 'team-a', alias: 'GitHub-2', values: pat, user: john, isGlobal: true });
    peer.seed({ project: 'github-fans', alias: 'other', values: pat, user: john });
    peer.seed({ project: 'team-b', alias: 'per%cent', values: {}, user: john, credentialType: 'Jira' });
    peer.seed({ project: 'team-b', alias: 'mine', values: pat, user: jane, type: 'user' });
  });

  afterAll(() => client.close());

  function list(query: string, token = 'admin') {
    return client.call('GET', `/v1/settings/project${query}`, { token });
  }

  function filtered(filters: unknown) {
    return list(`?filters=${encodeURIComponent(JSON.stringify(filters))}`);
  }

  it.each([
    {
      name: 'nothing: newest first, no personal ones',
      filters: {},
      aliases: ['per%cent', 'other', 'GitHub-2', 'github'],
    },
    {
      name: 'search: any case, part of alias or project, fitting projects first',
      filters: { search: 'GITHUB' },
      aliases: ['other', 'GitHub-2', 'github'],
    },
    { name: 'search: % is literal', filters: { search: 'r%c' }, aliases: ['per%cent'] },
    {
      name: 'search: an exact alias finds others too',
      filters: { search: 'github', project: 'team-a' },
      aliases: ['GitHub-2', 'github'],
    },
    { name: 'project: exact', filters: { project: 'team-a' }, aliases: ['GitHub-2', 'github'] },
    { name: 'project: case counts', filters: { project: 'Team-A' }, aliases: [] },
    {
      name: 'project: one of several',
      filters: { project: ['team-b', 'github-fans'] },
      aliases: ['per%cent', 'other'],
    },
    { name: 'type', filters: { type: 'Jira' }, aliases: ['per%cent'] },
    {
      name: 'type: the name of the database',
      filters: { type: 'GIT' },
      aliases: ['other', 'GitHub-2', 'github'],
    },
    { name: 'is_global true', filters: { is_global: true }, aliases: ['GitHub-2'] },
    { name: 'is_global false', filters: { is_global: false, type: 'Git' }, aliases: ['other', 'github'] },
    { name: 'created_by: part of the name', filters: { created_by: 'jane' }, aliases: ['github'] },
    {
      name: 'unknown keys: ignored',
      filters: { alias: 'github', id: 'x' },
      aliases: ['per%cent', 'other', 'GitHub-2', 'github'],
    },
    {
      name: 'empty values: ignored',
      filters: { search: '', project: [], type: null },
      aliases: ['per%cent', 'other', 'GitHub-2', 'github'],
    },
    { name: 'an empty list', filters: [], aliases: ['per%cent', 'other', 'GitHub-2', 'github'] },
    { name: 'null', filters: null, aliases: ['per%cent', 'other', 'GitHub-2', 'github'] },
  ])('filters by $name', async ({ filters, aliases }) => {
    const { data } = listOf(await filtered(filters));
    expect(data.map((row) => row['alias'])).toEqual(aliases);
  });

  it.each([
    { name: 'a number to search', filters: { search: 5 } },
    { name: 'a list to search', filters: { search: ['a'] } },
    { name: 'a type in lower case', filters: { type: 'git' } },
    { name: 'a string', filters: 'project' },
    { name: 'a list that isn’t empty', filters: [1] },
  ])('fails with 500 for $name', async ({ filters }) => {
    expect((await filtered(filters)).status).toBe(500);
  });

  it.each([
    { query: '', pagination: { page: 0, per_page: 10, total: 4, pages: 1 }, rows: 4 },
    { query: '?per_page=3', pagination: { page: 0, per_page: 3, total: 4, pages: 2 }, rows: 3 },
    { query: '?per_page=3&page=1', pagination: { page: 1, per_page: 3, total: 4, pages: 2 }, rows: 1 },
    { query: '?per_page=3&page=7', pagination: { page: 7, per_page: 3, total: 4, pages: 2 }, rows: 0 },
    { query: '?per_page=100000', pagination: { page: 0, per_page: 100_000, total: 4, pages: 1 }, rows: 4 },
  ])('pages from zero: "$query"', async ({ query, pagination, rows }) => {
    const answer = listOf(await list(query));
    expect(answer.pagination).toEqual(pagination);
    expect(answer.data).toHaveLength(rows);
  });

  it.each([
    { query: '?filters={', status: 500 },
    { query: '?per_page=0', status: 500 },
    { query: '?per_page=-1', status: 500 },
    { query: '?page=-1', status: 500 },
    { query: '?page=99999999999999999999', status: 500 },
    { query: '?page=x', status: 422 },
  ])('answers "$query" with $status', async ({ query, status }) => {
    expect((await list(query)).status).toBe(status);
  });

  it.each([
    { token: 'owner', aliases: ['GitHub-2', 'github'] },
    { token: 'member', aliases: [] },
    { token: 'stranger', aliases: [] },
  ])('shows $token the settings of the projects he administers', async ({ token, aliases }) => {
    const { data } = listOf(await list('', token));
    expect(data.map((row) => row['alias'])).toEqual(aliases);
  });

  it('names who created what is visible', async () => {
    const answer = await client.call('GET', '/v1/settings/project/users', { token: 'owner' });
    expect(answer.body).toMatchObject([{ username: 'Jane Doe' }, { username: 'John Roe' }]);
  });

  it.each([
    { token: 'admin', query: '', count: 4 },
    { token: 'owner', query: '', count: 2 },
    { token: 'member', query: '', count: 2 },
    { token: 'stranger', query: '', count: 0 },
    { token: 'stranger', query: '?scope=marketplace', count: 4 },
  ])('shows $token $count available settings with "$query"', async ({ token, query, count }) => {
    const answer = await client.call('GET', `/v1/settings/user/available${query}`, { token });
    expect(answer.body).toHaveLength(count);
  });

  it.each([
    { method: 'GET', path: '/v1/settings/project/some-id', status: 405, allow: 'PUT' },
    { method: 'PATCH', path: '/v1/settings/project/some-id', status: 405, allow: 'PUT' },
    { method: 'GET', path: '/v1/nothing', status: 404, allow: null },
  ])('answers $method $path with $status', async ({ method, path, status, allow }) => {
    const answer = await client.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it('sends a wrong trailing slash on to plain http, without the prefix', async () => {
    const answer = await client.call('GET', '/v1/settings/project/?page=1');
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toBe('http://codemie.example.com/v1/settings/project?page=1');
  });

  it('distinguishes failures only by the stack trace', async () => {
    expect(errorOf(await list('?per_page=0'))).toMatchObject({
      message: expect.stringMatching(/Stacktrace: .*ZeroDivisionError/s),
      details: 'An unexpected error occurred while processing the request.',
    });
  });
});
