import { describe, expect, it } from 'vitest';
import type { DesiredSetting } from '../domain/git-setting.ts';
import { harmfulKey, toRequestBody } from './row.ts';

const setting = (values: DesiredSetting['values']): DesiredSetting => ({
  scope: 'Project',
  project: 'demo',
  alias: 'a',
  isGlobal: false,
  values,
});

describe('toRequestBody', () => {
  it('names everything that an update would otherwise reset', () => {
    const body: unknown = JSON.parse(
      toRequestBody(setting([{ key: 'use_header_auth', value: true }]), 'demo'),
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
    expect(harmfulKey(setting(values))).toBe(key);
  });
});
