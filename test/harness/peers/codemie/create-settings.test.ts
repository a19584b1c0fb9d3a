import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, gitSetting, listOf, startTestClient, type TestClient, valuesOf } from './test-client.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\n';
const pat = { url: 'https://github.com', name: 'bot', token: 'ghp_secret1' };
const app = { url: 'https://github.com', auth_type: 'github_app', app_id: '12345', private_key: pem };

describe('POST /v1/settings/project', () => {
  let client: TestClient;
  let count = 0;

  beforeAll(async () => {
    client = await startTestClient();
  });

  afterAll(() => client.close());

  function freshAlias(): string {
    count += 1;
    return `alias-${count}`;
  }

  function create(body: unknown, token = 'admin') {
    return client.call('POST', '/v1/settings/project', { body, token });
  }

  function stored(alias: string) {
    return client.peer.rows().find((row) => row.alias === alias);
  }

  it.each([
    { name: 'a token', values: pat, kept: pat },
    {
      name: 'a token with a path in the URL',
      values: { ...pat, url: 'https://gitlab.example.com/group/repo', auth_type: 'pat' },
      kept: { ...pat, url: 'https://gitlab.example.com', auth_type: 'pat' },
    },
    {
      name: 'a GitHub App',
      values: { ...app, installation_id: '678' },
      kept: { ...app, installation_id: '678' },
    },
    {
      name: 'an App with a numeric id and no installation',
      values: { ...app, app_id: 12_345 },
      kept: { ...app, app_id: 12_345 },
    },
    { name: 'an extra key', values: { ...pat, managed_by: 'me' }, kept: { ...pat, managed_by: 'me' } },
    { name: 'no url', values: { token: 't' }, kept: { token: 't' } },
    {
      name: 'a token of blanks, which is lost',
      values: { ...pat, token: '  ' },
      kept: { url: pat.url, name: 'bot' },
    },
    {
      name: 'the mask as a token',
      values: { ...pat, token: '**********' },
      kept: { ...pat, token: '**********' },
    },
    { name: 'an empty token next to an App, which is dropped', values: { ...app, token: '' }, kept: app },
    {
      name: 'an empty installation',
      values: { ...app, installation_id: '' },
      kept: { ...app, installation_id: '' },
    },
  ])('accepts $name', async ({ values, kept }) => {
    const alias = freshAlias();
    const answer = await create(gitSetting(values, { alias }));
    expect(answer).toMatchObject({ status: 200, body: { message: 'Specified credentials saved' } });
    expect(answer.headers.get('location')).toBeNull();
    expect(valuesOf(stored(alias))).toEqual(kept);
  });

  it.each(['0', '12 ', '-1', '1_000', 1.5, true])('accepts the app_id %j', async (app_id) => {
    expect((await create(gitSetting({ ...app, app_id }, { alias: freshAlias() }))).status).toBe(200);
  });

  it.each([
    [{ token: undefined }, "PAT authentication requires 'token'"],
    [{ token: '' }, "PAT authentication requires 'token'"],
    [{ token: null }, "PAT authentication requires 'token'"],
    [{ app_id: '' }, 'Cannot mix authentication methods'],
    [{ private_key: '' }, 'Cannot mix authentication methods'],
    [{ ...app, token: 't' }, 'Cannot mix authentication methods'],
    [{ ...app, token: '**********' }, 'Cannot mix authentication methods'],
    [{ ...app, token: '', app_id: '' }, "GitHub App authentication requires 'app_id'"],
    [{ ...app, token: '', app_id: 0 }, "GitHub App authentication requires 'app_id'"],
    [{ ...app, token: '', private_key: '' }, "GitHub App authentication requires 'private_key'"],
    [{ ...app, token: '', private_key: `\n${pem}` }, 'Invalid private key format'],
    [{ ...app, token: '', private_key: '**********' }, 'Invalid private key format'],
    [{ ...app, token: '', app_id: 'abc' }, 'Invalid app_id format'],
    [{ ...app, token: '', app_id: '1.5' }, 'Invalid app_id format'],
    [{ ...app, token: '', app_id: ['1'] }, 'Invalid app_id format'],
    [{ ...app, token: '', installation_id: 'abc' }, 'Invalid installation_id format'],
    [{ auth_type: '' }, "Invalid auth_type: ''"],
    [{ auth_type: null }, "Invalid auth_type: 'None'"],
    [{ auth_type: 'PAT' }, "Invalid auth_type: 'PAT'"],
  ])('refuses %j: %s', async (change, message) => {
    const answer = await create(gitSetting({ ...pat, ...change }, { alias: freshAlias() }));
    expect(answer.status).toBe(422);
    expect(errorOf(answer).message).toBe(message);
  });

  it.each([
    { name: 'a bad URL', body: gitSetting({ ...pat, url: 'github.com' }), details: 'Invalid URL provided.' },
    {
      name: 'a numeric token',
      body: gitSetting({ ...pat, token: 5 }),
      details: "'int' object has no attribute 'encode'",
    },
    { name: 'an empty alias', body: gitSetting(pat, { alias: '' }), details: 'Alias is required' },
    {
      name: 'no project',
      body: gitSetting(pat, { project: null }),
      details: '1 validation error for Settings\nproject_name\n  Input should be a valid string',
    },
  ])('answers 422 and says so only in the details: $name', async ({ body, details }) => {
    const answer = await create(body);
    expect(answer.status).toBe(422);
    expect(errorOf(answer)).toMatchObject({
      message: 'Cannot create specified setting',
      details: `An error occurred while trying to create the setting: ${details}`,
    });
  });

  it('echoes the whole body, token included, when a field is missing', async () => {
    const { alias, ...body } = gitSetting(pat);
    const answer = await create(body);
    expect(alias).toBe('alias');
    expect(answer).toMatchObject({
      status: 422,
      body: {
        error: {
          message: 'alias: Field required',
          details: [{ type: 'missing', loc: ['body', 'alias'], msg: 'Field required', input: body }],
        },
      },
    });
  });

  it.each([
    { change: { alias: null }, message: 'alias: Input should be a valid string' },
    { change: { credential_values: 5 }, message: 'credential_values: Input should be a valid list' },
    { change: { credential_values: [{ value: 1 }] }, message: 'credential_values[0].key: Field required' },
    {
      change: { alias: 5, project_name: 5 },
      message: 'project_name: Input should be a valid string; alias: Input should be a valid string',
    },
  ])('checks the schema: $message', async ({ change, message }) => {
    const answer = await create({ ...gitSetting(pat), ...change });
    expect(answer.status).toBe(422);
    expect(errorOf(answer).message).toBe(message);
  });

  it.each([
    { name: 'broken JSON', options: { body: '{' } },
    { name: 'another content type', options: { body: '{}', headers: { 'content-type': 'text/plain' } } },
  ])('answers $name with 500, before it asks who is there', async ({ options }) => {
    const answer = await client.call('POST', '/v1/settings/project', { ...options, token: null });
    expect(answer.status).toBe(500);
    expect(errorOf(answer).message).toContain('IndexError');
  });

  it.each([
    { name: 'the same', second: {}, status: 422 },
    { name: 'another type', second: { type: 'Jira' }, status: 422 },
    { name: 'another is_global', second: { is_global: true }, status: 422 },
    { name: 'another project', second: { project: 'team-b' }, status: 200 },
    { name: 'another case', second: { alias: 'ALIAS' }, status: 200 },
    { name: 'the project in another case', second: { project: 'Team-A' }, status: 200 },
  ])('takes an alias once in a project: $name gives $status', async ({ second, status }) => {
    client.peer.rows().forEach((row) => client.peer.remove(row.id));
    await create(gitSetting(pat));
    expect((await create(gitSetting(pat, second))).status).toBe(status);
  });

  it('distinguishes a taken alias from other failures only by a sentence', async () => {
    const alias = freshAlias();
    await create(gitSetting(pat, { alias }));
    expect(errorOf(await create(gitSetting(pat, { alias }))).details).toBe(
      `An error occurred while trying to create the setting: There are more than one settings with the alias named ${alias}`,
    );
  });

  it('creates the project for an administrator, unless there is one in another case', async () => {
    await create(gitSetting(pat, { project: 'Brand-New', alias: freshAlias() }));
    await create(gitSetting(pat, { project: 'TEAM-A', alias: freshAlias() }));
    const { body } = await client.call('GET', '/v1/admin/applications');
    expect(JSON.stringify(body)).toContain('"Brand-New"');
    expect(JSON.stringify(body)).not.toContain('"TEAM-A"');
  });

  it('reads back with secrets masked and dates without a zone', async () => {
    const alias = freshAlias();
    await create(gitSetting({ ...pat, managed_by: 'me', secret: 'clear' }, { alias }), 'owner');
    const [row] = listOf(await client.call('GET', `/v1/settings/project?filters={"search":"${alias}"}`)).data;
    expect(valuesOf(row)).toEqual({ ...pat, token: '**********', managed_by: 'me', secret: 'clear' });
    expect(row).toMatchObject({
      project_name: 'team-a',
      credential_type: 'Git',
      setting_type: 'project',
      created_by: { username: 'owner', name: 'owner' },
      default: false,
      is_global: false,
      setting_hash: null,
    });
    expect(row?.['date']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
    expect(row?.['update_date']).toBe(row?.['date']);
  });

  it('lets two simultaneous creates of one alias both succeed', async () => {
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    client.peer.setInsertGate(() => {
      waiting += 1;
      if (waiting === 2) {
        both.resolve();
      }
      return both.promise;
    });
    const alias = freshAlias();
    const answers = await Promise.all([
      create(gitSetting(pat, { alias })),
      create(gitSetting(pat, { alias })),
    ]);
    client.peer.setInsertGate(undefined);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(client.peer.rows().filter((row) => row.alias === alias)).toHaveLength(2);
  });
});
