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

function say(
  token: string,
  provider: ProviderName,
  url = urls[provider],
  username?: string,
): [string, string] | undefined {
  const found = misplacedToken(token, name, { provider, url, username });
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
    // No one knows whose these are.
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

  const jwt = (iss: string): string =>
    ['{"alg":"RS256"}', JSON.stringify({ iss }), 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');

  it.each<[string, ProviderName, string]>([
    [
      jwt('https://sts.windows.net/6f5c/'),
      'AzureDevOps',
      `The ${name} is an access token of Microsoft Entra ID ("eyJ…"), which expires after about an hour. Store a personal access token of Azure DevOps.`,
    ],
    [
      jwt('123456'),
      'GitHub',
      `The ${name} is a JSON Web Token that a GitHub App signed ("eyJ…"), which expires within ten minutes. Configure the App itself under spec.auth.githubApp.`,
    ],
    [
      jwt('https://gitlab.com'),
      'GitLab',
      `The ${name} is an ID token of GitLab CI/CD ("eyJ…"), which opens neither repositories nor the API. Store a personal, project or group access token.`,
    ],
    [
      'Iv1.8a61f9b3a7aba766',
      'GitHub',
      `The ${name} is the client ID of an app, not a token. Store the token alone, as GitHub shows it when it is created.`,
    ],
    [
      '123456',
      'GitLab',
      `The ${name} is only a number, not a token. Store the token alone, as GitLab shows it when it is created.`,
    ],
  ])('says that %s is none for %s', (token, provider, says) => {
    expect(say(token, provider)).toEqual(['SecretValueInvalid', says]);
  });

  const odd = [
    'octocat:b64377d7043139fc99dd',
    'b64377d7043139fc99dd:x-oauth-basic',
    '%PDF-1.4',
    'ghp\\_16C7e42F',
  ];

  it.each<ProviderName>(['GitHub', 'Bitbucket', 'AzureDevOps'])(
    'keeps from the cloud of %s what has characters that its tokens have not',
    (provider) => {
      for (const token of odd)
        for (const username of [undefined, 'alice']) {
          const [reason, says] = say(token, provider, urls[provider], username) ?? [];
          expect(reason).toBe('SecretValueInvalid');
          expect(says).toMatch(
            /^The token in .* contains a character that no token of \w+( \w+)? has\. Store the token alone, as .*: no user name, path, option or punctuation around it\.$/,
          );
        }
    },
  );

  it.each<[string, ProviderName, string, string?]>([
    ['a password goes along with a user name', 'GitLab', 'https://gitlab.example.com', 'alice'],
    ['a password goes along with a user name', 'Bitbucket', 'https://git.example.com', 'alice'],
    ['a password goes along with a user name', 'AzureDevOps', 'https://tfs.example.com/tfs', 'alice'],
  ])('lets %s to a server of %s', (_, provider, url, username) => {
    expect(say('p%ss{w}ord', provider, url, username)).toBeUndefined();
    expect(say('p%ss{w}ord', provider, url)).toBeDefined();
  });

  it("lets the prefixes of a GitLab's administrators through", () => {
    expect(say('acme:@+/=aBcDeFgHiJkLmNoPqRsT', 'GitLab', 'https://gitlab.example.com')).toBeUndefined();
  });
});
