import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ValueKind } from './known-mistake.ts';
import { readNumericId, readSecretValue } from './secret-value.ts';

const name = 'token in Secret "acme" (key "token")';
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const hex = 'b64377d7043139fc99ddb8a693f9a70900112233';
const azureLong = `${'aB3'.repeat(25)}9AZDO4xYz`;
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJnaXQifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf32 = (text: string): Buffer =>
  Buffer.concat(Array.from(text, (each) => Buffer.from([...utf16(each), 0, 0])));
const bigEndian = (text: string): Buffer => utf16(text).swap16();
const marked = (mark: number[], bytes: Buffer): Buffer => Buffer.concat([Buffer.from(mark), bytes]);
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('readSecretValue takes', () => {
  it.each<[string, string | Uint8Array]>([
    ['as it is', token],
    ['with a newline at the end', `${token}\n`],
    ['with CRLF and blanks around', `  ${token}\r\n`],
    ['with a byte order mark', `\uFEFF${token}`],
    ['with a zero-width space behind it', `${token}\u200B`],
    ['with no-break spaces around', `\u00A0${token}\u00A0\n`],
    ['in UTF-16 with a mark', marked([0xff, 0xfe], utf16(`${token}\r\n`))],
    ['in UTF-16 of the other order with a mark', marked([0xfe, 0xff], bigEndian(`${token}\r\n`))],
    ['in UTF-16 without a mark', utf16(token)],
    ['in UTF-16 of the other order without a mark', bigEndian(token)],
    ['in UTF-32 with a mark', utf32(`\uFEFF${token}`)],
    ['in UTF-32 of the other order with a mark', utf32(`\uFEFF${token}`).swap32()],
  ])('a token %s', (_, raw) => {
    expect(readSecretValue(raw, name)).toEqual({ value: token });
  });

  it.each<[string, string, ValueKind?]>([
    ['a classic token of GitHub', token],
    ['an old token of GitHub', hex],
    [
      'a fine-grained token of GitHub',
      'github_pat_11ABCDEFG0abcdefghijkl_MNOPQRSTUVWXYZ0123456789abcdefghijklmnop',
    ],
    ['a token of GitLab with dots', 'glpat-aBc_dEfGhIjKlMnOpQrStUvWxYz86MQp1OmEK.01.0z1abcdef'],
    ["a token with an instance's own prefix", 'acme-glpat-aBc_dEfGhIjKlMnOpQr.01.0z1abcdef'],
    ['an old token of GitLab', 'xY9-aBcDeFgHiJkLmNoP'],
    ['a token of GitLab that looks like a word', 'my-secret-token-of-a'],
    ['an access token of Bitbucket Cloud', 'ATCTT3xFfGN0aB-cD_eF0123456789=9E6F3A21'],
    ['an API token of Atlassian', 'ATATT3xFfGF0aB-cD_eF0123456789=ABCD1234'],
    ['a token of Bitbucket Data Center', 'BBDC-MDk4NDU2Nzg5MDEyOhzzzL3bL0xRJNt+aXxR7nCy/q=='],
    ['an old token of Bitbucket Data Center', base64(`098456789012:${'\u00f3\u0081\u0012\u0099'.repeat(5)}`)],
    ['a short token of Azure DevOps', 'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst'],
    ['a long token of Azure DevOps', azureLong],
    ['a JWT', jwt],
    // 32 bytes, so that it ends in two equals signs, with the word `pat` in it.
    [
      'an old token of Bitbucket Data Center with a word in it',
      'MDk4NDU2Nzg5MDEyOpatL3bL0xRJNt8xXxR7nCy0ab2yzQ==',
    ],
    ['base64 of many slashes', `/${'a/'.repeat(4000)}B1c=`],
    ['base64 that begins like a path', '/aB3dEf/Gh1JkLmNo/pQrStUvWxYz0123456789abcd'],
    ["a token whose instance's own prefix has a colon", 'acme:aBcDeFgHiJkLmNoP.01.0z1abcdef'],
    ['a token of 64 hexadecimal digits', hex.repeat(2).slice(0, 64)],
    ['a client secret of Keycloak', '8Kq0ZcRzHq2v1GnmVQv7lRkM4nKX5aXe', 'secret'],
    ['a client secret of Entra ID', 'abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456.~-_', 'secret'],
    ['a client secret that is base64 of digits', base64(hex), 'secret'],
    ['a client secret of a test installation', 'changeme', 'secret'],
    ['a client secret with odd characters', 'a$b{c}<d>%41=e;"f', 'secret'],
    ['a user name', 'gitlab+deploy-token-1', 'name'],
    ['an e-mail address', 'alice@example.com', 'name'],
    ['a robot', 'robot$acme', 'name'],
  ])('%s', (_, value, kind) => {
    expect(readSecretValue(value, name, kind === 'password' ? 'secret' : kind)).toEqual({ value });
  });
});

/** What is stored, and what is said of it. */
const mistakes: [string, string | Uint8Array, string][] = [
  ['nothing', '', 'is empty'],
  ['a line end', '\r\n', 'is empty'],
  ['a byte order mark', '\uFEFF\n', 'is empty'],
  ['invisible characters', '\u200B\u2060', 'is empty'],
  ['double quotes', `"${token}"`, 'starts and ends with quotation marks'],
  ['single quotes', `'${token}'\n`, 'starts and ends with quotation marks'],
  ['backticks', `\`${token}\``, 'starts and ends with quotation marks'],
  ['typographic quotes', `“${token}”`, 'starts and ends with quotation marks'],
  ['German quotes', `„${token}“`, 'starts and ends with quotation marks'],
  ['French quotes', `«${token}»`, 'starts and ends with quotation marks'],
  ['escaped quotes', `\\"${token}\\"`, 'starts and ends with quotation marks'],
  ['both kinds of quotes', `'"${token}"'`, 'starts and ends with quotation marks'],
  ['base64', base64(token), 'is encoded in base64 once more'],
  ['base64 of a line', base64(`${token}\n`), 'is encoded in base64 once more'],
  ['base64 without padding', base64(token).replaceAll('=', ''), 'is encoded in base64 once more'],
  ['base64 twice more', base64(base64(token)), 'is encoded in base64 once more'],
  ['base64 of an old token of GitHub', base64(hex), 'is encoded in base64 once more'],
  ['base64 of a token of Azure DevOps', base64(azureLong), 'is encoded in base64 once more'],
  [
    'base64 of a token of GitLab without prefix',
    base64('xY9-aBcDeFgHiJkLmNoP'),
    'is encoded in base64 once more',
  ],
  ['base64 of user and token', base64(`alice:${token}`), 'is encoded in base64 once more'],
  ['base64 of JSON', base64('{"token":"x"}'), 'is encoded in base64 once more'],
  ['base64 of a key', base64(pem), 'is encoded in base64 once more'],
  ['base64 of a JWT', base64(jwt), 'is encoded in base64 once more'],
  [
    'a value of SOPS',
    'ENC[AES256_GCM,data:pNbegN0N,iv:c29tZQ==,tag:c29tZQ==,type:str]',
    'is still encrypted by SOPS',
  ],
  ['a value of eyaml', 'ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoII=]', 'is still encrypted'],
  ['a value of Jasypt', 'ENC(nrmZtkF7T0kjG/VodDvBw93Ct8EgjCA+)', 'is still encrypted'],
  ['Ansible Vault', '$ANSIBLE_VAULT;1.1;AES256\n6162\n6364', 'is still encrypted by Ansible Vault'],
  [
    'age',
    '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----',
    'is still encrypted by age',
  ],
  ['age in its binary form', 'age-encryption.org/v1\n-> X25519 abc', 'is still encrypted by age'],
  ['PGP', '-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----', 'is still encrypted by PGP'],
  [
    'transit',
    'vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==',
    "is still encrypted by Vault's transit engine",
  ],
  [
    'a SealedSecret',
    Buffer.concat([Buffer.from([2, 0]), Buffer.alloc(560, 7)]).toString('base64'),
    'is still encrypted by Sealed Secrets',
  ],
  ['KMS', `AQICAHh${'aB3'.repeat(50)}`, 'is still encrypted by AWS KMS'],
  ['git-crypt', Buffer.from('\0GITCRYPT\0\u0081\u0099\u0012', 'latin1'), 'is still encrypted by git-crypt'],
  [
    'Git LFS',
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n',
    'is a pointer of Git LFS',
  ],
  ['a placeholder of a shell', '${TOKEN}', 'is a placeholder that was not filled in'],
  ['a placeholder with a default', '${TOKEN:-none}', 'is a placeholder that was not filled in'],
  ['a variable', '$GITHUB_TOKEN', 'is a placeholder that was not filled in'],
  ['a placeholder of Kubernetes', '$(TOKEN)', 'is a placeholder that was not filled in'],
  ['a placeholder of Windows', '%TOKEN%', 'is a placeholder that was not filled in'],
  ['a placeholder of Python', '%(token)s', 'is a placeholder that was not filled in'],
  ['a placeholder of Helm', '{{ .Values.token }}', 'is a placeholder that was not filled in'],
  ['a placeholder of Helm without blanks', '{{.Values.token}}', 'is a placeholder that was not filled in'],
  ['a placeholder of GitHub Actions', '${{ secrets.TOKEN }}', 'is a placeholder that was not filled in'],
  ['a placeholder inside', 'ghp_${TOKEN}', 'is a placeholder that was not filled in'],
  ['a placeholder in brackets', '<GITHUB_TOKEN>', 'is a placeholder that was not filled in'],
  ['words in brackets', '<your token here>', 'is a placeholder that was not filled in'],
  ['a placeholder of Autoconf', '@GITHUB_TOKEN@', 'is a placeholder that was not filled in'],
  ['a placeholder of Octopus', '#{Token}', 'is a placeholder that was not filled in'],
  ['a placeholder in underscores', '__TOKEN__', 'is a placeholder that was not filled in'],
  ['a placeholder of Concourse', '((git.token))', 'is a placeholder that was not filled in'],
  ['a placeholder in square brackets', '[TOKEN]', 'is a placeholder that was not filled in'],
  ['an object that became a text', '[object Object]', 'is a placeholder that was not filled in'],
  [
    'Argo CD Vault Plugin',
    '<path:kv/data/git#token>',
    'is a reference to a secret store that was not resolved',
  ],
  ['vals', 'ref+vault://secret/git#/token', 'is a reference to a secret store that was not resolved'],
  ['Bank-Vaults', 'vault:secret/data/git#token', 'is a reference to a secret store that was not resolved'],
  ['1Password', 'op://vault/item/token', 'is a reference to a secret store that was not resolved'],
  [
    'AWS',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:git-AbCdEf',
    'is a reference to a secret store that was not resolved',
  ],
  [
    'Google',
    'projects/acme/secrets/git-token/versions/latest',
    'is a reference to a secret store that was not resolved',
  ],
  [
    'Azure',
    'https://acme.vault.azure.net/secrets/git-token',
    'is a reference to a secret store that was not resolved',
  ],
  ['REPLACE_ME', 'REPLACE_ME', 'is a placeholder'],
  ['changeme', 'changeme', 'is a placeholder'],
  ['an instruction', 'your-token-here', 'is a placeholder'],
  ['an instruction with capitals', 'YOUR_GITHUB_TOKEN', 'is a placeholder'],
  ['an instruction without separators', 'PutYourTokenHere', 'is a placeholder'],
  ['an instruction behind a prefix', 'ghp_your_token_here', 'is a placeholder'],
  ['crosses', 'xxxx', 'is a placeholder'],
  ['crosses behind a prefix', 'glpat-xxxxxxxxxxxxxxxxxxxx', 'is a placeholder'],
  ['stars', 'ghp_****', 'is a placeholder'],
  ['dots', 'ghp_16C7...', 'is shortened or masked, so that a part of it is missing'],
  ['null', 'null', 'is a placeholder'],
  ['a JSON object', `{"token":"${token}"}`, 'is a JSON object'],
  ['a JSON object in lines', `{\n  "token": "${token}"\n}\n`, 'is a JSON object'],
  ['a JSON list', `["${token}"]`, 'is JSON'],
  ['a part of JSON', `{"token": "${token}`, 'is JSON'],
  ['a Docker configuration', '{"auths":{"ghcr.io":{"auth":"eDp5"}}}', 'is a Docker configuration file'],
  ['YAML', `token: ${token}\nuser: x\n`, 'has a name in front of it'],
  ['a line of an env file', `GITHUB_TOKEN=${token}`, 'has a name in front of it'],
  ['a line of an env file with another token', 'CI_TOKEN=abcdefghijklmnop', 'has a name in front of it'],
  ['a line of a script', `export GITHUB_TOKEN="${token}"`, 'has a name in front of it'],
  ['a .netrc', `machine github.com login x password ${token}`, 'is a .netrc file'],
  [
    'a line of .git-credentials',
    `https://alice:${token}@github.com`,
    'is a URL with a credential in it, as in a .git-credentials file',
  ],
  ['a URL', 'https://github.com/settings/tokens', 'is a URL'],
  ['Bearer', `Bearer ${token}`, 'begins with the scheme of an Authorization header'],
  ['Basic', `Basic ${base64(`x:${token}`)}`, 'begins with the scheme of an Authorization header'],
  ['token', `token ${token}`, 'begins with the scheme of an Authorization header'],
  ['a header', `Authorization: Bearer ${token}`, 'is a whole HTTP header'],
  ['a header of GitLab', 'PRIVATE-TOKEN: glpat-abc', 'is a whole HTTP header'],
  ['a web page', '<!DOCTYPE html><html><body>Sign in</body></html>', 'is a web page'],
  ['a web page without doctype', '<html lang="en">', 'is a web page'],
  ['a private key', pem, 'is a private key or certificate'],
  ['an SSH key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 alice', 'is a key file'],
  ['a file name', '/var/run/secrets/git/token', 'is the name of a file instead of its content'],
  ['a file name of many folders', `/${'a/'.repeat(4000)}b`, 'is the name of a file instead of its content'],
  ['a file name in the folder', 'token.txt', 'is the name of a file instead of its content'],
  ['URL encoding', 'glpat%2DaBcDeFgHiJkLmNoPqRsT', 'is URL-encoded'],
  ['two lines', `${token}\n${token}`, 'has more than one line'],
  ['a blank', 'ghp_abc def', 'contains a blank'],
  ['a no-break space', 'ghp_abc\u00A0def', 'contains a blank'],
  ['a zero-width space', 'ghp_abc\u200Bdef', 'contains an invisible character, such as a zero-width space'],
  ['a control character', 'ghp_\u0007abc', 'contains a control character'],
  ['a dash of a word processor', 'glpat–abcdef', 'contains a character that is not ASCII'],
  ['bytes that are no text', Buffer.from(hex, 'base64'), 'is not text'],
  ['Latin-1', Buffer.from('ghp_\u00e4bc', 'latin1'), 'is not text'],
  ['a gzip archive', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'is a gzip archive'],
  ['a quotation mark at one end', `"${token}`, 'has other text around the token'],
  ['a comma behind it', `${token},`, 'has other text around the token'],
  ['a backslash behind it', `${token}\\`, 'has other text around the token'],
  ['an escaped line break behind it', `${token}\\n`, 'has other text around the token'],
  ['the percent sign that zsh shows', `${token}%`, 'has other text around the token'],
  ['a comment behind it', `${token} # of the bot`, 'has other text around the token'],
  ['two tokens', `${token},${token}`, 'has other text around the token'],
  ['XML', `<token>${token}</token>`, 'is XML'],
  ['what Python prints', `b'${token}'`, 'has other text around the token'],
  ['what Go prints', `map[token:${token}]`, 'has other text around the token'],
  ['entities of HTML', `&quot;${token}&quot;`, 'has other text around the token'],
  ['a command', `curl -H "PRIVATE-TOKEN: glpat-aBcDeFgHiJkLmNoPqRsT"`, 'has other text around the token'],
  ['user and token', `alice:${token}`, 'has a user name in front of it'],
  ['an address and a token', 'alice@example.com:ATATT3xFfGF0aB-cD=ABCD', 'has a user name in front of it'],
  ['the user of Git for Apps', `x-access-token:${token}`, 'has a user name in front of it'],
  ['a line of TOML', `token = "${token}"`, 'has a name in front of it'],
  ['a line of .npmrc', '//npm.pkg.github.com/:_authToken=abc', 'is a line of an .npmrc file'],
  ['hexadecimal', Buffer.from(token).toString('hex'), 'is encoded in hexadecimal'],
  ['base64 for URLs', Buffer.from(`${token}?>`).toString('base64url'), 'is encoded in base64 once more'],
  ['base64 of UTF-16', utf16(token).toString('base64'), 'is encoded in base64 once more'],
  [
    'base64 of UTF-16 with a mark',
    utf16(`\uFEFF${token}`).toString('base64'),
    'is encoded in base64 once more',
  ],
  ['base64 of quotes', base64(`"${token}"`), 'is encoded in base64 once more'],
  ['base64 of a line of an env file', base64(`TOKEN=${token}`), 'is encoded in base64 once more'],
  ['base64 of a placeholder', base64('changeme'), 'is encoded in base64 once more'],
  ['a packed release of Helm', 'H4sIAAAAAAAAA0vPSM0DAP8=', 'is a packed file in base64'],
  [
    'Spring Cloud Config',
    '{cipher}682bc583f4641835fa2db0093552',
    'is still encrypted by Spring Cloud Config',
  ],
  ['the name of a variable', 'GITHUB_TOKEN', 'is the name of a variable instead of its value'],
  ['bytes as Go prints them', '[103 104 112 95 49 54 67 55]', 'is a list of bytes, as programs print one'],
  ['an e-mail address', 'alice@example.com', 'is an e-mail address'],
  ['gopass', 'gopass:git/token', 'is a reference to a secret store that was not resolved'],
  ['a parameter of AWS', 'ssm:/git/token', 'is a reference to a secret store that was not resolved'],
  ['Terraform', '(sensitive value)', 'is a placeholder that was not filled in'],
  ['a missing value of Go', '%!s(<nil>)', 'is a placeholder that was not filled in'],
  ['a statement of Jinja', '{% token %}', 'is a placeholder that was not filled in'],
  ['true', 'true', 'is a placeholder'],
  ['too much', 'a'.repeat(20_000), 'has more than 16384 characters'],
];

describe('readSecretValue says of a token that it', () => {
  it.each(mistakes)('%s', (_, raw, clause) => {
    const read = readSecretValue(raw, name);
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
    expectNoByteOf(raw, read);
  });

  it.each(['', '\n'])('may be filled when it is %j', (raw) => {
    expect(readSecretValue(raw, name)).toMatchObject({ fault: { mayBeFilled: true } });
  });

  it('is not text, and where that comes from', () => {
    expect(readSecretValue(Buffer.from(hex, 'base64'), name)).toMatchObject({
      fault: {
        hint: 'A value under data has to be base64; put the plain value under stringData, where Kubernetes does the encoding.',
      },
    });
  });
});

describe('readSecretValue says of a name that it', () => {
  it.each([
    ['a token', token, 'is a GitHub personal access token ("ghp_…")'],
    ['quotes', '"alice"', 'starts and ends with quotation marks'],
    ['base64 of a name', base64('oauth2'), 'is encoded in base64 once more'],
    ['base64 of an address', base64('alice@example.com'), 'is encoded in base64 once more'],
    ['SOPS', 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]', 'is still encrypted by SOPS'],
    ['a placeholder', '${USERNAME}', 'is a placeholder that was not filled in'],
    ['JSON', '{"username":"alice"}', 'is a JSON object'],
  ])('%s', (_, raw, clause) => {
    const read = readSecretValue(raw, name, 'name');
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
  });
});

describe('readSecretValue says of a client secret that it', () => {
  it.each([
    ['quotes', '"8Kq0ZcRzHq2v1GnmVQv7lRkM4nKX5aXe"', 'starts and ends with quotation marks'],
    ['SOPS', 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]', 'is still encrypted by SOPS'],
    ['a placeholder', '${CLIENT_SECRET}', 'is a placeholder that was not filled in'],
    ['a placeholder in brackets', '<client-secret>', 'is a placeholder that was not filled in'],
    ['a line of an env file', 'CLIENT_SECRET=8Kq0ZcRzHq2v1GnmVQv7', 'has a name in front of it'],
    ['JSON', '{"clientSecret":"abc"}', 'is a JSON object'],
    ['base64 of a JWT', base64(jwt), 'is encoded in base64 once more'],
    ['two lines', 'abc\ndef', 'has more than one line'],
  ])('%s', (_, raw, clause) => {
    const read = readSecretValue(raw, name, 'secret');
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
  });
});

describe('readNumericId', () => {
  it.each<[string | Uint8Array, string]>([
    ['1', '1'],
    ['123456', '123456'],
    [' 42\n', '42'],
    [utf16('123456'), '123456'],
    ['4.47597e+06', '4475970'],
    ['1e+06', '1000000'],
    ['1.23456789E+8', '123456789'],
    ['123456.0', '123456'],
  ])('takes %j', (raw, value) => {
    expect(readNumericId(raw, 'App ID')).toEqual({ value });
  });

  it.each([
    ...['0', '-1', '1_000', '123,456', 'my-app', '0x1F', '12345678901234567'].map((raw) => [
      raw,
      'is not a number',
    ]),
    ['12 3', 'contains a blank'],
    ['1.23456789e+06', 'is a floating-point number'],
    ['1e+30', 'is a floating-point number'],
    ['"123456"', 'starts and ends with quotation marks'],
    ['Iv1.8a61f9b3a7aba766', 'is a client ID'],
    ['Iv23liAbCdEf12345678', 'is a client ID'],
    ['https://github.com/organizations/acme/settings/installations/7890', 'is a URL'],
    ['https://github.com/apps/acme', 'is a URL'],
    ['${APP_ID}', 'is a placeholder that was not filled in'],
    [pem, 'is a private key or certificate'],
    ['', 'is empty'],
  ])('says of %j that it %s', (raw = '', clause) => {
    const read = readNumericId(raw, 'App ID');
    expect(read).toMatchObject({ fault: { sentence: `The App ID ${clause}.` } });
  });
});

/** No four characters of a value may come back in what is said of it, but for words that all values have. */
function expectNoByteOf(raw: string | Uint8Array, read: unknown): void {
  const said = JSON.stringify(read).replaceAll(JSON.stringify(name).slice(1, -1), '');
  const secrets = [
    token,
    hex,
    azureLong,
    jwt,
    'pNbegN0N',
    'MIIBeQYJ',
    'nrmZtkF7',
    '8SDd3WHD',
    '16C7',
    'kv/data',
  ];
  const shown = secrets.filter((secret) => String(raw).includes(secret) && said.includes(secret.slice(0, 8)));
  expect(shown).toEqual([]);
}
