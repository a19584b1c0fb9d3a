import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { newPrivateKey } from '../../test/harness/private-key.ts';
import { toJson, toYaml } from './documents.ts';
import { printable } from './io.ts';
import { withoutCredentials } from './redact.ts';

const token = 'ghp_A0b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6r7';
const npm = 'npm_A0b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6r7';
const lower = 'glpat-0123456789abcdef0123';
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0xyz.c2lnbmF0dXJlMQ';
const pem = newPrivateKey(new Set());
const base64 = (text: string) => Buffer.from(text).toString('base64');
const registry = { auths: { 'ghcr.io': { auth: base64(`user:${token}`) } } };

describe('what is taken for a credential', () => {
  it.each([
    ['a token', `is ${token}.`, 'is ghp_….'],
    ['a token for npm', npm, 'npm_…'],
    ['a token in base64', base64(token), '…'],
    ['a token with its user in base64', `Basic ${base64(`user:${token}`)}`, 'Basic …'],
    ['the login of a registry in base64', base64(JSON.stringify(registry)), '…'],
    ['a token in a path', `spec.auth.${lower}: x`, 'spec.auth.glpat-…: x'],
    ['a token after an escape', String.raw`a\n${token} b`, String.raw`a\nghp_… b`],
    ['a token after an escape with digits', String.raw`a\u000a${token}`, String.raw`a\u000aghp_…`],
    ['a token after an escape of a URL', `a%0A${token}`, 'a%0Aghp_…'],
    ['a token that begins like an escape', `a\\${npm}`, String.raw`a\npm_…`],
    ['a token in base64 after an escape', String.raw`a\n${base64(token)}`, String.raw`a\n…`],
    ['the user of a URL', 'https://user:pass@example.com/x', 'https://…@example.com/x'],
    ['a password with an @', 'https://user:p@ss@example.com/x', 'https://…@example.com/x'],
    [
      'the user of a URL in escaped JSON',
      String.raw`https:\/\/u:p@example.com`,
      String.raw`https:\/\/…@example.com`,
    ],
    ['a token as user of a URL', 'https://x@example.com', 'https://…@example.com'],
    ['a private key', `a ${pem} b`, 'a -----BEGIN PRIVATE KEY-----…\n b'],
    ['half a private key', `${pem.slice(0, 300)}", b`, '-----BEGIN PRIVATE KEY-----…", b'],
    ['two private keys', `${pem}"${pem}`, '-----BEGIN PRIVATE KEY-----…\n"-----BEGIN PRIVATE KEY-----…\n'],
    ['a private key in base64', base64(pem), '…'],
    ['a JSON Web Token', `is ${jwt}`, 'is eyJ…'],
    ['a token right after a JSON Web Token', `${jwt}-${token}`, 'eyJ…ghp_…'],
    ['no more than the beginning of a key', '-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----…'],
    ['a JSON Web Token after an escape', String.raw`a\n${jwt}`, String.raw`a\neyJ…`],
  ])('%s', (_name, given, shown) => {
    expect(withoutCredentials(given)).toBe(shown);
    expect(withoutCredentials(shown)).toBe(shown);
  });

  it.each([
    'pypi-mirror-credentials-for-team-2',
    'pypi-Mirror-Credentials',
    'npm_config_registry_of_the_team',
    'npm_Registry_TeamA',
    'npm_TOKEN_PRODUCTION',
    'manifests/npm_registry_GitIntegration.yaml',
    'ghp_…',
    'https://example.com/@scope/name',
    'ssh://git@example.com/team/repository',
    'user@example.com',
    'manifests/team-a/integrations/github.yaml',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    'glpat-…: https://gitlab.com/-/user_settings/personal_access_tokens?name=CodeMie',
    'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDsxxxxxxxxxxxxxxx',
  ])('but not %s', (given) => expect(withoutCredentials(given)).toBe(given));
});

describe('a document', () => {
  const inner = { token: `a\n${token}`, tab: `a\t${token}`, pem, url: 'https://user:pass@example.com' };
  const value = {
    note: `a\n${token}`,
    pem,
    [token]: 1,
    [`${token}8`]: 2,
    'ghp_…': 3,
    list: [{ last: JSON.stringify(inner), twice: JSON.stringify(JSON.stringify(inner)) }],
    after: null,
  };
  const redacted = {
    token: 'a\nghp_…',
    tab: 'a\tghp_…',
    pem: '-----BEGIN PRIVATE KEY-----…\n',
    url: 'https://…@example.com',
  };

  it.each([
    ['JSON', toJson, JSON.parse],
    ['YAML', toYaml, (yaml: string): unknown => parse(yaml)],
  ] as const)('of %s keeps its shape, also within a text', (_name, write, read) => {
    // What is written to a terminal is redacted once more.
    const written = withoutCredentials(write(value));
    expect(written).toBe(write(value));
    expect(read(written)).toEqual({
      note: 'a\nghp_…',
      pem: redacted.pem,
      'ghp_…': 1,
      'ghp_… (2)': 2,
      'ghp_… (3)': 3,
      list: [{ last: JSON.stringify(redacted), twice: JSON.stringify(JSON.stringify(redacted)) }],
      after: null,
    });
  });
});

describe('the time for a text', () => {
  const secondsFor = (part: string, size: number) => {
    const text = `${part.repeat(size / part.length)} .`;
    const begin = process.cpuUsage();
    withoutCredentials(text);
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1e6;
  };

  it.each([
    'eyJ-',
    'eyJaaaaaaaaaaaaa.',
    'eyJ.',
    'ghp_-',
    'HRKU-',
    'a-',
    'a.',
    '-',
    '://',
    '://a@',
    'AAAA',
    '\\n',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----A',
    '-----BEGIN PRIVATE ',
    '-----END PRIVATE ',
  ])('of %j grows with its length', (part) => {
    secondsFor(part, 2 ** 16);
    // Sixteen times the length takes 256 times as long where each word is read again from each place in it.
    const short = Math.max(secondsFor(part, 2 ** 16), 0.005);
    expect(secondsFor(part, 2 ** 20) / short).toBeLessThan(100);
  });

  it('does not grow where only its beginning is shown', () =>
    expect(printable(`${token} ${'a-'.repeat(2 ** 23)}`)).toMatch(/^ghp_… (a-)+a?…$/));
});
