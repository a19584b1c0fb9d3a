import { describe, expect, it } from 'vitest';
import { mayWriteProject } from './account.ts';

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
