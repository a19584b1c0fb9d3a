import { describe, expect, it } from 'vitest';
import { allowsServer, matchesHost } from './egress-policy.ts';

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

describe('allowsServer', () => {
  it.each([
    ['github.com', 'https://github.com/', true],
    ['github.com', 'https://github.com:443/', true],
    ['github.com:443', 'https://github.com/', true],
    ['github.com', 'https://github.com:1001/', false],
    ['github.com:1001', 'https://github.com:1001/', true],
    ['github.com:1001', 'https://github.com/', false],
    ['github.com:1001', 'https://github.com:1002/', false],
    ['*.example.com', 'https://git.example.com/', true],
    ['*.example.com', 'https://git.example.com:8443/', false],
    ['*.example.com:8443', 'https://git.example.com:8443/', true],
    ['*.example.com:8443', 'https://git.example.com/', false],
    ['*', 'https://git.example.com:8443/', false],
    ['10.0.0.1:8443', 'https://10.0.0.1:8443/', true],
    ['2001:db8::1', 'https://[2001:db8::1]/', true],
    ['2001:db8::1', 'https://[2001:db8::1]:8443/', false],
    ['github.com:*', 'https://github.com:1001/', false],
    ['github.com:', 'https://github.com/', true],
  ])('entry %j, URL %j: %s', (entry, url, expected) => {
    expect(allowsServer([entry], new URL(url))).toBe(expected);
  });
});
