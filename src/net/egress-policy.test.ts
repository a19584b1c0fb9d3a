import { describe, expect, it } from 'vitest';
import { matchesHost } from './egress-policy.ts';

describe('matchesHost', () => {
  it.each([
    ['github.com', 'github.com', true],
    ['GitHub.com', 'github.com', true],
    ['github.com', 'api.github.com', false],
    ['github.com', 'github.com.evil.example', false],
    ['github.com', 'githubxcom', false],
    ['github.com', 'github.com.', false],
    ['*.example.com', 'git.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'evilexample.com', false],
    ['git-*.example.com', 'git-eu.example.com', true],
    ['*', 'anything.example', true],
    ['', 'anything.example', false],
    ['10.0.0.*', '10.0.0.7', true],
    ['::1', '::1', true],
    ['(a|b)+', 'a', false],
  ])('pattern %j, host %j: %s', (pattern, host, expected) => {
    expect(matchesHost(pattern, host)).toBe(expected);
  });
});
