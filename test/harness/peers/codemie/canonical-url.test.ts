import { describe, expect, it } from 'vitest';
import { canonicalUrl } from './canonical-url.ts';

describe('canonicalUrl', () => {
  it.each([
    ['https://github.com/', 'https://github.com'],
    ['https://github.com/org/repo', 'https://github.com'],
    ['https://github.com/org/repo/', 'https://github.com'],
    ['https://GitHub.com/Org', 'https://github.com'],
    ['HTTPS://GITHUB.COM', 'https://github.com'],
    ['https://user:pw@github.com/x', 'https://github.com'],
    ['https://github.com?x=1', 'https://github.com'],
    [' https://github.com', 'https://github.com'],
    ['https://github.com/org/repo.git', 'https://github.com/org/repo.git'],
    ['https://GitHub.com/Org/Repo.git', 'https://GitHub.com/Org/Repo.git'],
    ['https://github.com/org/repo.GIT', 'https://github.com'],
    ['http://git.local:8443/x', 'http://git.local:8443'],
    ['https://git.local:443', 'https://git.local:443'],
    ['https://git.local:443/x', 'https://git.local:443'],
    ['https://dev.azure.com/org/proj/_git/repo', 'https://dev.azure.com'],
    ['https://org@dev.azure.com/org/proj/_git/repo', 'https://dev.azure.com'],
    ['ssh://git@github.com/org/repo', 'ssh://github.com'],
    ['git@github.com:org/repo.git', 'git@github.com:org/repo.git'],
    ['github.com/org/repo.git', 'github.com/org/repo.git'],
    ['foo.git', 'foo.git'],
    ['.git', '.git'],
    ['https://[::1]:8443/x', 'https://::1:8443'],
    ['https://github.com ', 'https://github.com '],
    ['https://github.com\nevil', 'https://github.comevil'],
  ])('stores %j as %j', (sent, stored) => {
    expect(canonicalUrl(sent)).toBe(stored);
  });

  it.each([
    ['github.com', 'Invalid URL provided.'],
    ['github.com/org/repo', 'Invalid URL provided.'],
    ['git@github.com:org/repo', 'Invalid URL provided.'],
    ['https://', 'Invalid URL provided.'],
    ['', 'Invalid URL provided.'],
    ['https://github.com:99999', 'Port out of range 0-65535'],
    ['https://github.com:abc', "Port could not be cast to integer value as 'abc'"],
    [null, "'NoneType' object has no attribute 'endswith'"],
    [5, "'int' object has no attribute 'endswith'"],
  ])('refuses %j: %s', (sent, message) => {
    expect(() => canonicalUrl(sent)).toThrow(message);
  });
});
