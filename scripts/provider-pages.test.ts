import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  credentialExpiringReasons,
  credentialsValidReasons,
  installationResolvedReasons,
  permissionsSufficientReasons,
} from '../src/api/reasons.ts';
import { appCreationPage, tokenCreationPage } from '../src/providers/creation-pages.ts';
import type { ProviderName } from '../src/providers/provider.ts';
import { providers } from '../src/providers/registry.ts';

/** What needs no remedy. */
const fine = new Set(['Valid', 'NotChecked', 'Resolved', 'Sufficient']);

describe.each<{ page: string; name: ProviderName; never: string[] }>([
  { page: 'github', name: 'GitHub', never: ['Revoked', 'AppPasswordRetired', 'OrganizationStopped'] },
  {
    page: 'gitlab',
    name: 'GitLab',
    never: ['SSORequired', 'AppPasswordRetired', 'KeyAppMismatch', 'OrganizationStopped'],
  },
  {
    page: 'bitbucket',
    name: 'Bitbucket',
    never: ['Revoked', 'SSORequired', 'KeyAppMismatch', 'OrganizationStopped'],
  },
  {
    page: 'azure-devops',
    name: 'AzureDevOps',
    never: ['Revoked', 'SSORequired', 'AppPasswordRetired', 'KeyAppMismatch', 'MissingPermissions'],
  },
])('the page of $name', ({ page, name, never }) => {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'providers', `${page}.md`), 'utf8');
  const provider = providers[name];
  const { kinds } = provider;
  const namedOf = (words: readonly string[]): string[] =>
    words.filter((word) => text.includes(`\`${word}\``)).toSorted();

  it('names every kind of credential that the provider reports', () => {
    expect(namedOf(kinds)).toEqual(kinds.toSorted());
  });

  it('says what to do about each reason that the provider may give, and speaks of no other', () => {
    const reasons = Object.keys({
      ...credentialsValidReasons,
      ...(provider.resolveInstallation && installationResolvedReasons),
      ...permissionsSufficientReasons,
      ...credentialExpiringReasons,
    }).filter((reason) => !fine.has(reason));
    const expected = reasons.filter((reason) => !never.includes(reason)).toSorted();
    expect(namedOf(reasons)).toEqual(expected);
  });
});

/** The pages of the documentation with links to forms that are filled in. */
const read = (page: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'docs', 'providers', `${page}.md`), 'utf8');

describe.each([
  { name: 'the cloud', gitHub: undefined, gitLab: undefined },
  {
    name: 'a self-managed server',
    gitHub: 'https://github.example.com',
    gitLab: 'https://gitlab.example.com',
  },
])('the documentation links the forms that the command line prints, on $name', ({ gitHub, gitLab }) => {
  const title = 'CodeMie';
  const at = (url: string | undefined) => (url === undefined ? { title } : { title, url });

  it.each([
    ['a GitHub App of an organization', 'github', appCreationPage({ ...at(gitHub), organization: 'acme' })],
    ['a classic token', 'github', tokenCreationPage({ ...at(gitHub), provider: 'GitHub' }).page],
    ['a GitLab token', 'gitlab', tokenCreationPage({ ...at(gitLab), provider: 'GitLab' }).page],
  ])('%s', (_name, page, link) => {
    expect(read(page).split(/[()\s]/)).toContain(link);
  });
});
