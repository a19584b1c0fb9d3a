import { describe, expect, it } from 'vitest';
import type { ProviderName } from '../api/v1alpha1/git-integration-spec.ts';
import { misplacedToken } from './misplaced-token.ts';
import { readPassword, readSecretValue } from './secret-value.ts';

const name = 'token in Secret "acme" (key "token")';
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const hex = 'b64377d7043139fc99ddb8a693f9a70900112233';
const azure = 'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const jwt = ['{"alg":"RS256"}', '{"iss":"kubernetes/serviceaccount"}', 'signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

const clouds: [ProviderName, string][] = [
  ['GitHub', 'https://github.com'],
  ['GitLab', 'https://gitlab.com'],
  ['Bitbucket', 'https://bitbucket.org'],
  ['AzureDevOps', 'https://dev.azure.com/acme'],
];

/** What is said before any call, of a token for each of the providers. */
function saidOfToken(raw: string | Uint8Array): string[] {
  const read = readSecretValue(raw, name);
  if ('fault' in read) return [read.fault.sentence];
  return clouds.map(
    ([provider, url]) => misplacedToken(read.value, name, { provider, url })?.sentence ?? 'sent',
  );
}

const unfilled = 'is a placeholder that was not filled in';
const unresolved = 'is a reference to a secret store that was not resolved';
const encoded = 'is encoded in base64 once more';
const around = 'has other text around the token';
const user = 'has a user name in front of it';
const printed = 'is what a program prints in place of the value';
const masked = 'is shortened or masked, so that a part of it is missing';

describe('a token for any provider is not sent where it', () => {
  it.each<[string, string | Uint8Array, string]>([
    [
      'is a file that --from-literal did not read',
      '@./token',
      'is the name of a file instead of its content',
    ],
    ['is a file in the home folder', '@~/.github-token', 'is the name of a file instead of its content'],
    ['is a file without an extension', '@token', 'is the name of a file instead of its content'],
    ['is a variable of GitHub Actions', '${{secrets.GITHUB_TOKEN}}', unfilled],
    ['is an expression of GitHub Actions', 'secrets.GITHUB_TOKEN', unfilled],
    ['is a macro of Azure Pipelines', '$(System.AccessToken)', unfilled],
    ['is an expression of Terraform', 'var.github_token', unfilled],
    ['is an attribute of Terraform', 'data.vault_generic_secret.git.data["token"]', unfilled],
    ['is an expression of Node.js', 'process.env.GITHUB_TOKEN', unfilled],
    ['is an expression of Python', "os.environ['GITHUB_TOKEN']", unfilled],
    ['is a step of Jenkins', "credentials('git-token')", unfilled],
    ['is ERB', '<%=token%>', unfilled],
    ['is a verb of printf', '%s', unfilled],
    ['is a secret of Pulumi', '[secret]', unfilled],
    [
      'is a dynamic reference of CloudFormation',
      '{{resolve:secretsmanager:git:SecretString:token}}',
      unfilled,
    ],
    ['is a template of the Vault Agent', '{{- with secret "kv/git" -}}', unfilled],
    ['is a path of Vault', 'secret/data/git', unresolved],
    ['is a reference to Secret Manager', 'sm://project/secret', unresolved],
    ['is a reference to Bitwarden', 'bw://git/token', unresolved],
    ['is a reference to KeePass', '{REF:P@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}', unresolved],
    ['is a reference to 1Password', 'op://Private/git/token', unresolved],
    ['was cut off while it was encrypted', 'ENC[AES256_GCM,data:pNbegN', 'is still encrypted by SOPS'],
    ['is encrypted by dotenvx', `encrypted:B${'aB3x'.repeat(40)}=`, 'is still encrypted by dotenvx'],
    [
      'is a SecureString in a text',
      `01000000d08c9ddf0115d1118c7a00c04fc297eb01000000${'0a'.repeat(80)}`,
      'is still encrypted by PowerShell (ConvertFrom-SecureString)',
    ],
    [
      'is a key of age',
      'AGE-SECRET-KEY-1QQPQYFLJKSDFGHJKLQQPQYFLJKSDFGHJKLQQPQYFLJKSDFGHJKLQQPQY',
      'is a key file',
    ],
    [
      'is a recipient of age',
      'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
      'is a key file',
    ],
    ['is a PGP key', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n', 'is a key file'],
    ['is an SSH key of a security key', 'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC', 'is a key file'],
    ['is a key of PuTTY', 'PuTTY-User-Key-File-3: ssh-rsa', 'is a key file'],
    [
      'is a fingerprint',
      'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8',
      'is only the fingerprint of a key or certificate',
    ],
    [
      'is an old fingerprint',
      '43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8',
      'is only the fingerprint of a key or certificate',
    ],
    ['is an element of XML', `<password>${hex}</password>`, 'is XML'],
    ['is an export of PowerShell', '<Objs Version="1.1.0.1"><S>a</S></Objs>', 'is XML'],
    ['is an error of PowerShell', '#< CLIXML\r\n<Objs>', 'is XML'],
    ['is a type of .NET', 'System.Security.SecureString', printed],
    ['is an array of .NET', 'System.Byte[]', printed],
    ['is an array of Java', '[B@6d06d69c', printed],
    ['is an object of Java', 'com.example.Token@1b2c3d4e', printed],
    ['is a buffer of Node.js', '<Buffer 67 68 70 5f>', printed],
    ['was shortened by a program', 'ghp_16C7e42F...178B4a', masked],
    ['was shortened with an ellipsis', 'ghp_16C7e42F…178B4a', masked],
    ['was masked in the middle', 'glpat-aBc***qRsT', masked],
    ['is masked with bullets', '••••••••••••', 'is masked'],
    ['is base64 with a tag of YAML', `!!binary ${base64(token)}`, encoded],
    ['is base64 in a block of YAML', `!!binary |\n  ${base64(token)}`, encoded],
    ['is a URL of data', `data:text/plain;base64,${base64(token)}`, encoded],
    ['is base64 with a prefix', `base64:${base64(token)}`, encoded],
    ['is base64 of a token behind a colon', base64(`:${token}`), encoded],
    ['is base64 of a token of Azure DevOps behind a colon', base64(`:${azure}`), encoded],
    [
      'is base64 with a line break inside',
      `${base64(token).slice(0, 20)}\n${base64(token).slice(20)}`,
      encoded,
    ],
    ['is base64 of what PowerShell writes', base64(`\uFEFF${token}\r\n`), encoded],
    [
      'is hexadecimal with a prefix',
      `hex:${Buffer.from(token).toString('hex')}`,
      'is encoded in hexadecimal',
    ],
    ['has a scheme without a blank', `Bearer${token}`, 'begins with the scheme of an Authorization header'],
    ['has a user of GitLab in front', `oauth2:${hex}`, user],
    ['has an e-mail address in front', `alice@example.com:${hex}`, user],
    ['is in angle brackets', `<${token}>`, around],
    ['is in braces', `{${token}}`, around],
    ['is in square brackets', `[${token}]`, around],
    ['has a dollar sign in front', `$${token}`, around],
    ['has a percent sign at both ends', `%${token}%`, around],
    ['has a full stop behind it', `${token}.`, around],
    ['has a placeholder in angle brackets', '<ghp_xxxxxxxxxxxxxxxx>', unfilled],
    ['is the address of a repository', 'git@github.com:acme/shop.git', 'is the address of a repository'],
    ['is the name of a host', 'github.com', 'is the name of a host'],
    [
      'has a soft hyphen',
      `ghp_16C7\u00AD${hex}`,
      'contains an invisible character, such as a zero-width space',
    ],
    ['has colors of a terminal', `\u001B[32m${token}\u001B[0m`, 'contains a control character'],
  ])('%s', (_, raw, clause) => {
    expect(saidOfToken(raw)).toEqual([`The ${name} ${clause}.`]);
  });

  it.each<[string, string]>([
    ['belongs to Slack', 'xoxe.xoxp-1-abc'],
    ['belongs to Anthropic', 'sk-ant-api03-abc'],
    ['belongs to a cluster', jwt],
    ['belongs to JFrog', 'AKCp8abc'],
    ['is a client ID', 'Iv23liAbCdEfGhIjKlMn'],
    ['is an App ID', '123456'],
  ])('%s', (_, raw) => {
    for (const said of saidOfToken(raw))
      expect(said).toMatch(/^The token in Secret "acme" \(key "token"\) is /);
  });
});

describe('a client secret is not sent where it', () => {
  it.each<[string, string, string]>([
    ['is a variable of GitHub Actions', '${{secrets.CLIENT_SECRET}}', unfilled],
    ['is an expression of Terraform', 'var.client_secret', unfilled],
    ['is a secret of Pulumi', '[secret]', unfilled],
    ['is masked', '**********', 'is masked'],
    ['is a type of .NET', 'System.Security.SecureString', printed],
    ['is XML', '<secret>abc</secret>', 'is XML'],
    ['is a reference', 'gsm://project/secret', unresolved],
    ['is a path of Vault', 'kv/data/codemie', unresolved],
  ])('%s', (_, raw, clause) => {
    const read = readSecretValue(raw, name, 'secret');
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
  });
});

describe('a user name is not sent where it', () => {
  it.each<[string, string, string]>([
    ['is a line of an env file', 'GITLAB_USERNAME=alice', 'has a name in front of it'],
    ['is such a line with a token', `GITHUB_TOKEN=${token}`, 'has a name in front of it'],
    ['has a token behind it', `alice:${token}`, around],
    ['is what JavaScript prints of nothing', 'undefined', 'is a placeholder'],
    ['is an address', 'git@github.com:acme/shop.git', 'is the address of a repository'],
    ['is a variable of GitHub Actions', '${{ secrets.USERNAME }}', unfilled],
    ['is XML', '<user>alice</user>', 'is XML'],
  ])('%s', (_, raw, clause) => {
    const read = readSecretValue(raw, name, 'name');
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
  });

  it.each(['cn=alice', 'alice', 'none', 'acme\\\\alice', 'alice@example.com', 'gitlab+deploy-token-1'])(
    'takes %s',
    (value) => {
      expect(readSecretValue(value, name, 'name')).toEqual({ value });
    },
  );
});

describe('a password is not sent where it', () => {
  it.each<[string, string, string]>([
    ['is a variable of GitHub Actions', '${{ secrets.PASSWORD }}', unfilled],
    ['is encrypted by dotenvx', `encrypted:B${'aB3x'.repeat(40)}=`, 'is still encrypted by dotenvx'],
    [
      'is a SecureString in a text',
      `76492d1116743f0423413b16050a5345MgB8${'aB3x'.repeat(20)}`,
      'is still encrypted by PowerShell (ConvertFrom-SecureString)',
    ],
  ])('%s', (_, raw, clause) => {
    const read = readPassword(raw);
    expect('fault' in read && read.fault.sentence).toBe(`The password ${clause}.`);
  });
});
