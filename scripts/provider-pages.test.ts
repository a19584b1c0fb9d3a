import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProviderName, providerNames } from '../src/api/group.ts';
import {
  credentialExpiringReasons,
  credentialsValidReasons,
  installationResolvedReasons,
  permissionsSufficientReasons,
} from '../src/api/reasons.ts';
import { appCreationPage, tokenCreationPage } from '../src/providers/creation-pages.ts';
import { providers } from '../src/providers/registry.ts';

/** What needs no remedy. */
const fine = new Set(['Valid', 'NotChecked', 'Resolved', 'Sufficient']);

/** The page of each provider in `docs/providers`, and the reasons of others that it never gives. */
const pages: Record<ProviderName, { page: string; never: string[] }> = {
  GitHub: { page: 'github', never: ['Revoked', 'AppPasswordRetired', 'OrganizationStopped'] },
  GitLab: {
    page: 'gitlab',
    never: ['SSORequired', 'AppPasswordRetired', 'KeyAppMismatch', 'OrganizationStopped'],
  },
  Bitbucket: {
    page: 'bitbucket',
    never: ['Revoked', 'SSORequired', 'KeyAppMismatch', 'OrganizationStopped'],
  },
  AzureDevOps: {
    page: 'azure-devops',
    never: ['Revoked', 'SSORequired', 'AppPasswordRetired', 'KeyAppMismatch', 'MissingPermissions'],
  },
};

const root = join(import.meta.dirname, '..');

describe.each(providerNames)('the page of %s', (name) => {
  const { page, never } = pages[name];
  const text = readFileSync(join(root, 'docs', 'providers', `${page}.md`), 'utf8');
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

  it('goes with an example and a catalogue of failures', () => {
    const examples = globSync('examples/**/*.yaml', { cwd: root });
    const uses = (file: string) => readFileSync(join(root, file), 'utf8').includes(`provider: ${name}\n`);
    expect(examples.filter(uses)).not.toEqual([]);
    expect(globSync(`src/providers/${page}/*catalogue.test.ts`, { cwd: root })).not.toEqual([]);
  });
});

/** The pages of the documentation with links to forms that are filled in. */
const read = (page: string): string => readFileSync(join(root, 'docs', 'providers', `${page}.md`), 'utf8');

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
