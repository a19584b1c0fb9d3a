import { describe, expect, it } from 'vitest';
import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import { misplacedToken } from './misplaced-token.ts';

const name = 'token in Secret "acme" (key "token")';
const urls: Record<ProviderName, string> = {
  GitHub: 'https://github.com',
  GitLab: 'https://gitlab.com',
  Bitbucket: 'https://bitbucket.org',
  AzureDevOps: 'https://dev.azure.com/acme',
};
const azure = `${'aB3'.repeat(25)}9AZDO4xYz`;

function say(token: string, provider: ProviderName, url = urls[provider]): [string, string] | undefined {
  const found = misplacedToken(token, name, { provider, url });
  return found && [found.reason, `${found.sentence} ${found.hint}`];
}

describe('misplacedToken', () => {
  it.each<[string, ProviderName, string?]>([
    ['ghp_abc', 'GitHub'],
    ['ghp_abc', 'GitHub', 'https://github.example.com'],
    ['github_pat_abc', 'GitHub'],
    ['gho_abc', 'GitHub'],
    ['ghu_abc', 'GitHub'],
    ['glpat-abc', 'GitLab', 'https://gitlab.example.com'],
    ['gldt-abc', 'GitLab'],
    ['acme-glpat-abc', 'GitLab', 'https://gitlab.example.com'],
    ['ATCTT3abc', 'Bitbucket'],
    ['ATATT3abc', 'Bitbucket'],
    ['ATBBabc', 'Bitbucket'],
    ['BBDC-abc', 'Bitbucket', 'https://git.example.com/bitbucket'],
    [azure, 'AzureDevOps'],
    // Nobody knows whose these are.
    ['b64377d7043139fc99ddb8a693f9a70900112233', 'GitLab'],
    ['acme-glpat-abc', 'GitHub'],
    ['abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst', 'Bitbucket'],
  ])('lets %s go to %s', (token, provider, url) => {
    expect(say(token, provider, url)).toBeUndefined();
  });

  it.each<[string, ProviderName, string]>([
    [
      'glpat-abc',
      'GitHub',
      `The ${name} is a GitLab access token ("glpat-…"), but spec.provider is GitHub. Store a token of GitHub, or create a GitIntegration with provider: GitLab; nothing was sent to github.com.`,
    ],
    [
      'ghp_abc',
      'GitLab',
      `The ${name} is a GitHub personal access token ("ghp_…"), but spec.provider is GitLab. Store a token of GitLab, or create a GitIntegration with provider: GitHub; nothing was sent to gitlab.com.`,
    ],
    [
      'ATCTT3abc',
      'GitHub',
      `The ${name} is a Bitbucket Cloud access token ("ATCTT3…"), but spec.provider is GitHub. Store a token of GitHub, or create a GitIntegration with provider: Bitbucket; nothing was sent to github.com.`,
    ],
    [
      azure,
      'Bitbucket',
      `The ${name} is an Azure DevOps personal access token ("…AZDO…"), but spec.provider is Bitbucket. Store a token of Bitbucket, or create a GitIntegration with provider: AzureDevOps; nothing was sent to bitbucket.org.`,
    ],
    [
      'ghs_abc',
      'GitLab',
      `The ${name} is an installation token of a GitHub App ("ghs_…"), but spec.provider is GitLab. Store a token of GitLab, or create a GitIntegration with provider: GitHub; nothing was sent to gitlab.com.`,
    ],
    [
      'npm_abc',
      'AzureDevOps',
      `The ${name} is an npm token ("npm_…"), but spec.provider is AzureDevOps. Store a token of Azure DevOps; nothing was sent to dev.azure.com.`,
    ],
    [
      'BBDC-abc',
      'Bitbucket',
      `The ${name} is a Bitbucket Data Center HTTP access token ("BBDC-…"), but the URL of the integration is https://bitbucket.org. Set spec.url to the address of your server; nothing was sent to bitbucket.org.`,
    ],
  ])('keeps %s from %s', (token, provider, says) => {
    expect(say(token, provider)).toEqual(['WrongProvider', says]);
  });

  it('keeps a token of the cloud from a server', () => {
    expect(say('ATBBabc', 'Bitbucket', 'https://git.example.com:8443/bitbucket')).toEqual([
      'WrongProvider',
      `The ${name} is a Bitbucket Cloud app password ("ATBB…"), but the URL of the integration is https://git.example.com:8443. Store an HTTP access token of that server, or correct spec.url; nothing was sent to git.example.com:8443.`,
    ]);
  });

  it.each<[string, ProviderName, string]>([
    [
      'ghs_abc',
      'GitHub',
      `The ${name} is an installation token of a GitHub App ("ghs_…"), which expires after one hour. Configure the App itself under spec.auth.githubApp.`,
    ],
    [
      'ghr_abc',
      'GitHub',
      `The ${name} is a refresh token of a GitHub App ("ghr_…"), which can't authenticate on its own. Store a personal access token, or configure the App itself under spec.auth.githubApp.`,
    ],
    [
      'glrt-abc',
      'GitLab',
      `The ${name} is a GitLab runner authentication token ("glrt-…"), which opens neither repositories nor the API. Store a personal, project or group access token.`,
    ],
    [
      'glcbt-64_abc',
      'GitLab',
      `The ${name} is a GitLab CI/CD job token ("glcbt-…"), which expires when its job ends. Store a personal, project or group access token.`,
    ],
  ])('says what %s is for to those of %s', (token, provider, says) => {
    expect(say(token, provider)).toEqual(['SecretValueInvalid', says]);
  });
});
