import { describe, expect, it } from 'vitest';
import { urlForCodeMie } from '../../domain/codemie-url.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { providers } from '../../providers/registry.ts';

describe('urlForCodeMie, with the providers that there are', () => {
  it.each<[ProviderName, string | undefined, string]>([
    ['GitHub', undefined, 'https://github.com'],
    ['GitHub', 'https://api.github.com', 'https://github.com'],
    ['GitHub', 'https://www.github.com/acme', 'https://github.com'],
    ['GitHub', 'https://api.github.com/acme/shop.git', 'https://github.com'],
    ['GitHub', 'https://github.com/acme/shop.git', 'https://github.com/acme/shop.git'],
    ['Bitbucket', 'https://api.bitbucket.org/2.0', 'https://bitbucket.org'],
    ['AzureDevOps', 'https://acme.visualstudio.com/Shop', 'https://dev.azure.com'],
    ['GitLab', 'https://gitlab.com/acme', 'https://gitlab.com/acme'],
    ['GitLab', 'https://git.example.com/gitlab', 'https://git.example.com/gitlab'],
  ])('%s at %s is %s to CodeMie', (provider, url, expected) => {
    expect(urlForCodeMie({ provider, url }, providers)).toBe(expected);
  });
});
