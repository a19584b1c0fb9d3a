import { describe, expect, it } from 'vitest';
import { mayWriteProject } from './account.ts';
import { harmfulKey, toRequestBody } from './setting.ts';

describe('toRequestBody', () => {
  it('names everything that an update would otherwise reset', () => {
    const body: unknown = JSON.parse(
      toRequestBody({
        projectName: 'demo',
        alias: 'a',
        isGlobal: false,
        values: [{ key: 'use_header_auth', value: true }],
      }),
    );
    expect(body).toEqual({
      project_name: 'demo',
      alias: 'a',
      credential_type: 'Git',
      is_global: false,
      credential_values: [{ key: 'use_header_auth', value: true }],
    });
  });
});

describe('harmfulKey', () => {
  it.each([
    { name: 'a token', values: [{ key: 'token', value: 'ghp_x' }], key: undefined },
    { name: 'a masked token', values: [{ key: 'token', value: '**********' }], key: 'token' },
    { name: 'a blank token', values: [{ key: 'token', value: ' \n' }], key: 'token' },
    { name: 'an empty private key', values: [{ key: 'private_key', value: '' }], key: 'private_key' },
    { name: 'a blank name, which does no harm', values: [{ key: 'name', value: ' ' }], key: undefined },
  ])('sees $name', ({ values, key }) => {
    expect(harmfulKey({ projectName: 'demo', alias: 'a', isGlobal: false, values })).toBe(key);
  });
});

describe('mayWriteProject', () => {
  const member = {
    userId: 'u',
    name: 'n',
    isAdmin: false,
    isMaintainer: false,
    projects: new Set(['demo']),
    adminProjects: new Set(['team']),
  };
  it.each([
    { name: 'an administrator of the project', account: member, project: 'team', may: true },
    { name: 'a member', account: member, project: 'demo', may: false },
    { name: 'another case', account: member, project: 'Team', may: false },
    { name: 'an administrator of CodeMie', account: { ...member, isAdmin: true }, project: 'any', may: true },
    { name: 'a maintainer', account: { ...member, isMaintainer: true }, project: 'any', may: true },
  ])('$name: $may', ({ account, project, may }) => {
    expect(mayWriteProject(account, project)).toBe(may);
  });
});
