import { describe, expect, it } from 'vitest';
import * as bitbucket from './bitbucket/scopes.ts';
import { documentedPermissions, missingPermissions, permissionLabel } from './github/permissions.ts';
import * as github from './github/scopes.ts';
import * as gitlab from './gitlab/scopes.ts';
import { missingScopes, parseScopes } from './scopes.ts';

describe('scopes of GitHub', () => {
  it.each([
    { name: 'all eight boxes ticked, as GitHub saves it', granted: ['project', 'repo'], missing: [] },
    { name: 'a child alone', granted: ['public_repo', 'project'], missing: ['repo'] },
    {
      name: 'a parent that has nothing to do with it',
      granted: ['admin:org', 'repo', 'project'],
      missing: [],
    },
  ])('$name', ({ granted, missing }) => {
    expect(missingScopes(github.documentedScopes, granted, github.implications)).toEqual(missing);
  });

  it.each([
    { granted: { contents: 'write', pull_requests: 'write', metadata: 'read' }, missing: [] },
    { granted: { contents: 'admin', pull_requests: 'write', metadata: 'write' }, missing: [] },
    { granted: { contents: 'read', metadata: 'read' }, missing: ['contents:write', 'pull_requests:write'] },
    { granted: {}, missing: documentedPermissions },
  ])('permissions $granted lack $missing', ({ granted, missing }) => {
    expect(missingPermissions(documentedPermissions, granted)).toEqual(missing);
  });
});

describe('permissionLabel', () => {
  it.each([
    ['contents:write', 'Contents: Read and write'],
    ['pull_requests:write', 'Pull requests: Read and write'],
    ['metadata:read', 'Metadata: Read-only'],
    ['metadata', 'Metadata: Read-only'],
    ['statuses:read', 'Commit statuses: Read-only'],
    ['organization_projects:admin', 'Organization projects: Admin'],
    ['contents:everything', 'contents:everything'],
  ])('names %s as the settings page does: %s', (permission, label) => {
    expect(permissionLabel(permission)).toBe(label);
  });
});

describe('scopes of GitLab', () => {
  it.each([
    { granted: ['api'], missing: [] },
    { granted: ['read_api', 'write_repository'], missing: ['api'] },
    { granted: ['read_repository'], missing: ['api'] },
  ])('$granted lack $missing', ({ granted, missing }) => {
    expect(missingScopes(gitlab.documentedScopes, granted, gitlab.implications)).toEqual(missing);
  });
});

describe('scopes of Bitbucket', () => {
  it.each([
    { name: 'an access token that can', granted: ['project', 'repository:write'], missing: [] },
    {
      name: 'an access token that pulls only',
      granted: ['pullrequest'],
      missing: ['repository:write', 'project'],
    },
    {
      name: 'an access token that administers projects, which is not to read them',
      granted: ['project:admin', 'repository:write'],
      missing: ['project'],
    },
    {
      name: 'an API token whose write does not bring read along',
      granted: ['write:repository:bitbucket', 'read:project:bitbucket'],
      missing: ['read:repository:bitbucket'],
    },
    {
      name: 'an API token that can',
      granted: ['read:repository:bitbucket', 'write:repository:bitbucket', 'read:project:bitbucket'],
      missing: [],
    },
    { name: 'a token without scopes', granted: [], missing: ['repository', 'repository:write', 'project'] },
  ])('$name', ({ granted, missing }) => {
    expect(bitbucket.missingScopes(bitbucket.documentedScopes, granted)).toEqual(missing);
  });

  it('takes a name that is not documented as a real scope', () => {
    expect(bitbucket.missingScopes(['pullrequest:write', 'wiki'], ['pullrequest:write'])).toEqual(['wiki']);
  });
});

it('is not confused by a scope named like a method', () => {
  const missing = missingScopes(['__proto__', 'repo'], ['constructor', 'toString'], github.implications);
  expect(missing).toEqual(['__proto__', 'repo']);
});

describe('parseScopes', () => {
  it.each([
    { header: 'repo, project', scopes: ['project', 'repo'] },
    { header: '', scopes: [] },
    { header: 'repository:write,account', scopes: ['account', 'repository:write'] },
    { header: 'repo, repo', scopes: ['repo'] },
  ])('reads "$header"', ({ header, scopes }) => {
    expect(parseScopes(header)).toEqual(scopes);
  });
});
