import { describe, expect, it } from 'vitest';
import type { ProviderName } from './provider.ts';
import { providers } from './registry.ts';
import { baseOf, cloudOf } from './urls.ts';

describe('the web root', () => {
  it.each<[ProviderName, string, string]>([
    ['GitHub', 'https://github.com', 'https://github.com'],
    ['GitHub', 'https://api.github.com', 'https://github.com'],
    ['GitHub', 'https://www.github.com/acme/', 'https://github.com'],
    ['GitHub', 'https://GitHub.com./acme/shop.git', 'https://github.com'],
    ['GitHub', 'https://github.com:443/acme?tab=repositories#x', 'https://github.com'],
    ['GitHub', 'https://api.acme.ghe.com/user', 'https://acme.ghe.com'],
    ['GitHub', 'https://git.example.com:8443/api/v3', 'https://git.example.com:8443'],
    ['GitLab', 'https://gitlab.com/acme/tools', 'https://gitlab.com'],
    ['GitLab', 'https://www.gitlab.com/api/v4', 'https://gitlab.com'],
    ['GitLab', 'https://git.example.com/gitlab/api/v4/projects', 'https://git.example.com/gitlab'],
    ['Bitbucket', 'https://bitbucket.org/acme/shop/src/main', 'https://bitbucket.org'],
    ['Bitbucket', 'https://api.bitbucket.org/2.0', 'https://bitbucket.org'],
    ['Bitbucket', 'https://git.example.com/bitbucket/projects/PRJ', 'https://git.example.com/bitbucket'],
    ['Bitbucket', 'https://git.example.com/scm/prj/shop.git', 'https://git.example.com'],
    ['AzureDevOps', 'https://dev.azure.com/acme/Web%20Shop/_git/web', 'https://dev.azure.com/acme'],
    ['AzureDevOps', 'https://acme.visualstudio.com', 'https://dev.azure.com/acme'],
    ['AzureDevOps', 'https://acme.visualstudio.com/DefaultCollection/Shop', 'https://dev.azure.com/acme'],
    ['AzureDevOps', 'https://ado.example.com/tfs/Main/_apis', 'https://ado.example.com/tfs/Main'],
  ])('of %s at %s is %s', (name, given, root) => {
    const url = providers[name].webUrl(new URL(given));
    expect(baseOf(url)).toBe(root);
    // It is its own root, and leads to the same API.
    expect(providers[name].webUrl(url).href).toBe(url.href);
    expect(providers[name].apiUrl(url).href).toBe(providers[name].apiUrl(new URL(given)).href);
  });

  it.each([
    ['https://notgithub.com', undefined],
    ['https://github.com.example.net', undefined],
    ['https://api.gitlab.example.com', undefined],
    ['https://visualstudio.com.example.net', undefined],
    ['https://acme.visualstudio.com', 'AzureDevOps'],
  ])('%s is the cloud of %s', (url, cloud) => expect(cloudOf(new URL(url))).toBe(cloud));
});
