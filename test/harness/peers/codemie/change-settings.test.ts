import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CodeMieUser } from './directory.ts';
import type { SettingRow } from './setting.ts';
import { errorOf, gitSetting, startTestClient, type TestClient, valuesOf } from './test-client.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\n';
const pat = { url: 'https://github.com', name: 'bot', token: 'stored' };
const app = { url: 'https://github.com', auth_type: 'github_app', app_id: '12345', private_key: pem };
const missingId = '00000000-0000-0000-0000-000000000000';

describe('changing settings', () => {
  let client: TestClient;
  let someone: CodeMieUser;

  beforeEach(async () => {
    client = await startTestClient();
    someone = client.peer.addUser({ username: 'someone' });
  });

  afterEach(() => client.close());

  function seed(values: Record<string, unknown>, alias = 'alias'): SettingRow {
    return client.peer.seed({ project: 'team-a', alias, values, user: someone });
  }

  function put(id: string, body: unknown) {
    return client.call('PUT', `/v1/settings/project/${id}`, { body });
  }

  it.each([
    { name: 'keeps a masked token', from: pat, sent: { ...pat, token: '**********' }, to: pat },
    {
      name: 'removes a key left out',
      from: pat,
      sent: { url: pat.url, token: 'new' },
      to: { url: pat.url, token: 'new' },
    },
    { name: 'replaces the token', from: pat, sent: { ...pat, token: 'new' }, to: { ...pat, token: 'new' } },
    {
      name: 'loses a token of blanks',
      from: pat,
      sent: { ...pat, token: ' ' },
      to: { url: pat.url, name: 'bot' },
    },
    {
      name: 'stores no token for the mask when there was none',
      from: app,
      sent: { url: app.url, token: '**********' },
      to: { url: app.url },
    },
    { name: 'cuts the URL', from: pat, sent: { ...pat, url: 'https://GitHub.com/x/y' }, to: pat },
    { name: 'removes the URL', from: pat, sent: { token: 'new' }, to: { token: 'new' } },
    {
      name: 'keeps a key it doesn’t know',
      from: pat,
      sent: { ...pat, foo: 'bar' },
      to: { ...pat, foo: 'bar' },
    },
    { name: 'goes from a token to an App', from: pat, sent: app, to: app },
    { name: 'goes from an App to a token', from: app, sent: pat, to: pat },
  ])('$name', async ({ from, sent, to }) => {
    const row = seed(from);
    const before = row.update_date;
    const answer = await put(row.id, gitSetting(sent));
    expect(answer).toMatchObject({ status: 200, body: { message: 'Specified credentials updated' } });
    expect(valuesOf(client.peer.rows()[0])).toEqual(to);
    expect(row.update_date > before).toBe(true);
    expect(row.date).toBe(before);
  });

  it.each([
    { name: 'no token', from: pat, sent: { url: pat.url }, message: "PAT authentication requires 'token'" },
    {
      name: 'a masked private key',
      from: app,
      sent: { ...app, private_key: '**********' },
      message: 'Invalid private key format',
    },
  ])('refuses $name and changes nothing', async ({ from, sent, message }) => {
    const row = seed(from);
    const answer = await put(row.id, gitSetting(sent));
    expect(answer.status).toBe(422);
    expect(errorOf(answer).message).toBe(message);
    expect(valuesOf(row)).toEqual(from);
  });

  it('renames, and sets an absent is_global to false', async () => {
    const row = client.peer.seed({
      project: 'team-a',
      alias: 'old',
      values: pat,
      user: someone,
      isGlobal: true,
    });
    expect((await put(row.id, gitSetting(pat, { alias: 'new' }))).status).toBe(200);
    expect(client.peer.rows()).toMatchObject([{ id: row.id, alias: 'new', is_global: false }]);
    await put(row.id, gitSetting(pat, { is_global: null }));
    expect(client.peer.rows()).toMatchObject([{ is_global: null }]);
  });

  it.each([
    { name: 'of another setting', body: gitSetting(pat, { alias: 'taken' }), status: 422 },
    { name: 'empty', body: gitSetting(pat, { alias: '' }), status: 422 },
    {
      name: 'of another setting, with no project',
      body: gitSetting(pat, { alias: 'taken', project: null }),
      status: 200,
    },
  ])('checks the alias: $name gives $status', async ({ body, status }) => {
    seed(pat, 'taken');
    const row = seed(pat);
    expect((await put(row.id, body)).status).toBe(status);
  });

  it('ignores another project and another type', async () => {
    const row = seed(pat);
    const body = gitSetting({ url: 'https://x/y' }, { project: 'nowhere', type: 'Jira' });
    expect((await put(row.id, body)).status).toBe(200);
    expect(row).toMatchObject({ project_name: 'team-a', credential_type: 'Git' });
    expect(valuesOf(row)).toEqual({ url: 'https://x/y' });
    expect((await client.call('GET', '/v1/projects/nowhere')).status).toBe(404);
  });

  it('answers 422 for a missing id', async () => {
    const answer = await put(missingId, gitSetting(pat));
    expect(answer.status).toBe(422);
    expect(errorOf(answer)).toMatchObject({
      message: 'Cannot update specified setting',
      details: `An error occurred while trying to update the setting: 'No settings found with id ${missingId}'`,
    });
  });

  it('updates exactly one of two duplicates, and the other under a new alias', async () => {
    const rows = [seed(pat), seed(pat)];
    const answers = await Promise.all(rows.map((row) => put(row.id, gitSetting(pat))));
    expect(answers.map((answer) => answer.status)).toEqual([200, 422]);
    expect((await put(rows[1]?.id ?? '', gitSetting(pat, { alias: 'other' }))).status).toBe(200);
  });

  it('refuses an update for a personal setting of a member, unless no project is named', async () => {
    client.peer.updatesGoLast(true);
    const row = seed(pat);
    const member = client.peer.addUser({ username: 'in-the-way', memberOf: ['team-a'] });
    client.peer.addToken('in-the-way', member);
    const personal = { token: 'in-the-way', body: gitSetting(pat) };
    expect((await client.call('POST', '/v1/settings/user', personal)).status).toBe(200);
    // The first update still finds its own row first, and moves it behind the other.
    expect((await put(row.id, gitSetting(pat))).status).toBe(200);
    const refused = await put(row.id, gitSetting({ ...pat, token: 'new' }));
    expect(refused.status).toBe(422);
    expect(errorOf(refused).details).toContain('There are more than one settings with the alias named alias');
    expect(valuesOf(row)).toEqual(pat);

    const values = { ...pat, token: 'new' };
    expect((await put(row.id, gitSetting(values, { project: null }))).status).toBe(200);
    expect(valuesOf(row)).toEqual(values);
    expect(row).toMatchObject({ project_name: 'team-a', alias: 'alias', setting_type: 'project' });
    // No more than the check for the alias is skipped.
    const partial = { url: pat.url, token: 'newer' };
    expect((await put(row.id, gitSetting(partial, { project: null }))).status).toBe(200);
    expect(valuesOf(row)).toEqual(partial);
  });

  it('turns a personal setting into a project’s on the wrong path, and back', async () => {
    const member = client.peer.addUser({ username: 'second', memberOf: ['team-a'] });
    client.peer.addToken('second', member);
    const row = client.peer.seed({
      project: 'team-a',
      alias: 'alias',
      values: pat,
      user: member,
      type: 'user',
    });
    const send = (scope: string) =>
      client.call('PUT', `/v1/settings/${scope}/${row.id}`, { body: gitSetting(pat), token: 'second' });
    expect((await send('project')).status).toBe(200);
    expect(row.setting_type).toBe('project');
    expect((await send('user')).status).toBe(200);
    expect(row.setting_type).toBe('user');
  });

  it('deletes once, and fails with a stack trace after that', async () => {
    const row = seed(pat);
    const path = `/v1/settings/project/${row.id}`;
    expect(await client.call('DELETE', path)).toMatchObject({
      status: 200,
      body: { message: 'Specified credential removed' },
    });
    const again = await client.call('DELETE', path);
    expect(again.status).toBe(500);
    expect(errorOf(again).message).toContain(`KeyError: 'No settings found with id ${row.id}'`);
  });

  it('deletes another user’s personal setting on the path of projects', async () => {
    const row = client.peer.seed({
      project: 'team-a',
      alias: 'alias',
      values: pat,
      user: someone,
      type: 'user',
    });
    expect((await client.call('DELETE', `/v1/settings/project/${row.id}`)).status).toBe(200);
    expect(client.peer.rows()).toEqual([]);
  });

  it('moves settings to another project and keeps their ids', async () => {
    const row = seed(pat);
    const body = { source_project_name: 'team-a', target_project_name: 'team-b', mode: 'move' };
    const answer = await client.call('POST', '/v1/settings/transfer', { body });
    expect(answer).toMatchObject({ status: 200, body: { transferred: [{ id: row.id, alias: 'alias' }] } });
    expect(row.project_name).toBe('team-b');
    const copy = { source_project_name: 'team-b', target_project_name: 'team-a', mode: 'copy' };
    expect((await client.call('POST', '/v1/settings/transfer', { body: copy })).status).toBe(200);
    expect((await client.call('POST', '/v1/settings/transfer', { body: copy })).status).toBe(409);
    expect(client.peer.rows()).toHaveLength(2);
  });
});
