import { describe, expect, it } from 'vitest';
import { canonicalUrl, losesPath } from './codemie-url.ts';

describe('canonicalUrl repeats what CodeMie stores', () => {
  it.each([
    ['https://github.com/', 'https://github.com'],
    ['https://github.com/org/repo', 'https://github.com'],
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
    ['https://dev.azure.com/org/proj/_git/repo', 'https://dev.azure.com'],
    ['ssh://git@github.com/org/repo', 'ssh://github.com'],
    ['https://[::1]:8443/x', 'https://::1:8443'],
    ['https://github.com ', 'https://github.com '],
    ['https://github.com\nevil', 'https://github.comevil'],
  ])('%j is stored as %j', (sent, stored) => {
    expect(canonicalUrl(sent)).toBe(stored);
  });

  it.each(['github.com', 'github.com/org/repo', 'git@github.com:org/repo', 'https://', ''])(
    '%j is refused',
    (sent) => {
      expect(() => canonicalUrl(sent)).toThrow(RangeError);
    },
  );
});

describe('losesPath', () => {
  it.each([
    ['https://gitlab.example.com/gitlab', true],
    ['https://gitlab.example.com/', false],
    ['https://gitlab.example.com', false],
    ['https://github.com/org/repo.git', false],
  ])('%s: %s', (url, lost) => {
    expect(losesPath(url)).toBe(lost);
  });
});
