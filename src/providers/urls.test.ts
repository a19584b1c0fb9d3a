import { expect, it } from 'vitest';
import type { ProviderName } from './provider.ts';
import { providers } from './registry.ts';
import { baseOf } from './urls.ts';

it.each<{ provider: ProviderName; web: string; api: string }>([
  { provider: 'GitHub', web: 'https://github.com', api: 'https://api.github.com' },
  { provider: 'GitHub', web: 'https://www.github.com/acme', api: 'https://api.github.com' },
  { provider: 'GitHub', web: 'https://api.github.com', api: 'https://api.github.com' },
  { provider: 'GitHub', web: 'https://acme.ghe.com', api: 'https://api.acme.ghe.com' },
  { provider: 'GitHub', web: 'https://git.example.com:8443/', api: 'https://git.example.com:8443/api/v3' },
  { provider: 'GitHub', web: 'https://git.example.com/api/v3', api: 'https://git.example.com/api/v3' },
  { provider: 'GitLab', web: 'https://gitlab.com', api: 'https://gitlab.com/api/v4' },
  {
    provider: 'GitLab',
    web: 'https://git.example.com/gitlab/',
    api: 'https://git.example.com/gitlab/api/v4',
  },
  { provider: 'GitLab', web: 'https://git.example.com/api/v4/', api: 'https://git.example.com/api/v4' },
  { provider: 'Bitbucket', web: 'https://bitbucket.org', api: 'https://api.bitbucket.org/2.0' },
  { provider: 'Bitbucket', web: 'https://git.example.com', api: 'https://git.example.com/rest/api/latest' },
  {
    provider: 'Bitbucket',
    web: 'https://git.example.com/bitbucket/rest/api/1.0',
    api: 'https://git.example.com/bitbucket/rest/api/latest',
  },
  { provider: 'AzureDevOps', web: 'https://dev.azure.com/acme/', api: 'https://dev.azure.com/acme' },
  {
    provider: 'AzureDevOps',
    web: 'https://dev.azure.com/acme/Web%20Shop/_git/shop',
    api: 'https://dev.azure.com/acme',
  },
  {
    provider: 'AzureDevOps',
    web: 'https://ado.example.com:8443/tfs/DefaultCollection/_apis/projects',
    api: 'https://ado.example.com:8443/tfs/DefaultCollection',
  },
])('$provider at $web is asked at $api', ({ provider, web, api }) => {
  expect(baseOf(providers[provider].apiUrl(new URL(web)))).toBe(api);
});
