import { expect, it } from 'vitest';
import { indexSettings, type ObservedSetting, settingValues } from './git-setting.ts';
import { usageLimit } from './usage-limits.ts';

const token = { kind: 'token', token: 't', name: 'oauth2', headerAuth: false } as const;
const app = { kind: 'githubApp', appId: '1', privateKey: 'pem', installationId: 2 } as const;

function rival(change: Partial<ObservedSetting>): ObservedSetting {
  return {
    id: 'other',
    scope: 'Project',
    project: 'demo',
    alias: 'other',
    isGlobal: false,
    values: { url: 'https://github.com' },
    createdAt: '',
    updatedAt: '',
    ...change,
  };
}

it.each([
  ['nothing special', 'https://github.com', token, [], undefined],
  ['an App on github.com', 'https://github.com', app, [], undefined],
  ['an App elsewhere', 'https://git.example.com', app, [], 'GitHubAppOnEnterpriseServer'],
  ['a server under a path', 'https://example.com/gitlab', token, [], 'URLPathDropped'],
  ['one repository', 'https://github.com/acme/shop.git', token, [], 'SingleRepositoryURL'],
  ['a repository as its page has it', 'https://github.com/acme/shop', token, [], 'URLPathDropped'],
  ['another for the same host', 'https://GitHub.com/', token, [rival({})], 'AmbiguousURL'],
  ['itself', 'https://github.com', token, [rival({ id: 'own' })], undefined],
  ['one of another project', 'https://github.com', token, [rival({ project: 'x' })], undefined],
  ['one for another host', 'https://gitlab.com', token, [rival({})], undefined],
])('%s', (_name, url, credential, rows, reason) => {
  const values = settingValues(url, credential, 'owner');
  const desired = { scope: 'Project', project: 'demo', alias: 'acme', isGlobal: false, values } as const;
  expect(usageLimit({ ...desired }, url, indexSettings(rows), 'own')?.reason).toBe(reason);
});
