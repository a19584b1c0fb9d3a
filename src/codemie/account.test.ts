import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';
import { JsonFault } from '../lib/json-bytes.ts';
import { mayWriteProject, readAccount } from './account.ts';

const { maxProjects } = bounds.account.cluster;
const read = (answer: object) => readAccount(Buffer.from(JSON.stringify(answer)), maxProjects);
const long = 'x'.repeat(100_000);

describe('readAccount', () => {
  it('reads who it is and where it may write', () => {
    const answer = {
      user_id: 'u',
      name: '',
      username: 'bot',
      projects: [{ name: 'a', is_project_admin: true }],
      applications: ['a', 'b "é" \u2028'],
      applications_admin: ['a'],
      is_admin: null,
    };
    expect(read(answer)).toEqual({
      userId: 'u',
      name: 'bot',
      isAdmin: false,
      isMaintainer: false,
      projects: new Set(['a', 'b "é" \u2028']),
      adminProjects: new Set(['a']),
    });
  });

  it('reads the account of a login with as many projects as are kept, whatever else is said of them', () => {
    const names = Array.from({ length: maxProjects }, (_, index) => `project-${index}`);
    const projects = names.map((name) => ({ name, display_name: null, is_project_admin: true }));
    const answer = {
      user_id: 'u',
      projects,
      applications: [...names, 'one more'],
      applications_admin: names,
    };
    const account = read(answer);
    expect(account.adminProjects.size).toBe(maxProjects);
    expect(account.projects).toEqual(new Set(names));
    expect(JSON.stringify(answer).length).toBeLessThan(bounds.account.cluster.maxAccountBytes);
  });

  it.each([
    { name: 'no lists', answer: { applications: null }, projects: [] },
    {
      name: 'names that are too long',
      answer: { applications: [long, 'x'.repeat(101), 'a'] },
      projects: ['a'],
    },
    { name: 'an endless name', answer: { name: long, applications: ['a'] }, projects: ['a'] },
  ])('takes $name', ({ answer, projects }) => {
    const account = read({ user_id: 'u', ...answer });
    expect([...account.projects]).toEqual(projects);
    expect(account.name.length).toBeLessThanOrEqual(200);
  });

  it.each([
    ['no user', {}],
    ['a number as user', { user_id: 7 }],
    ['a list as name', { user_id: 'u', name: [] }],
    ['a list of other things', { user_id: 'u', applications: [{}] }],
    ['a text for yes', { user_id: 'u', is_admin: 'yes' }],
  ])('refuses %s', (_name, answer) => expect(() => read(answer)).toThrow(z.ZodError));

  it.each(['', 'null', '[]', '{', '{"user_id":"u', '<html>', '{"user_id":"u","applications":{}}'])(
    'refuses %j',
    (text) => {
      expect(() => readAccount(Buffer.from(text), 10)).toThrow(JsonFault);
    },
  );
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
