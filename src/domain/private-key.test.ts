import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** Within the private exponent: it still decodes. */
const exchanged = pkcs1.slice(0, 500) + (pkcs1[500] === 'A' ? 'B' : 'A') + pkcs1.slice(501);
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const newerKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString();
const body = pkcs1.split('\n').slice(1, -2).join('');

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf32 = (text: string): Buffer =>
  Buffer.concat(Array.from(text, (each) => Buffer.concat([utf16(each), Buffer.alloc(2)])));
const base64 = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64');
const mark = Buffer.from([0xff, 0xfe]);
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

describe('readPrivateKey repairs', () => {
  it.each<[string, string | Buffer]>([
    ['PKCS#1, as GitHub gives it', pkcs1],
    ['PKCS#8', pkcs8],
    ['CRLF line ends', pkcs1.replaceAll('\n', '\r\n')],
    ['literal \\n', pkcs1.replaceAll('\n', '\\n')],
    ['literal \\r\\n', pkcs1.replaceAll('\n', '\\r\\n')],
    ['blanks for newlines', pkcs1.trim().replaceAll('\n', ' ')],
    ['no newline at the end', pkcs1.trim()],
    ['newlines before and after', `\n\n${pkcs1}\n\n`],
    ['a byte order mark', `\uFEFF${pkcs1}`],
    ['indentation', pkcs1.replaceAll('\n', '\n    ')],
    ['literal \\n, escaped twice', pkcs1.replaceAll('\n', '\\\\n')],
    ['literal \\n, escaped three times', pkcs1.replaceAll('\n', '\\\\\\\\n')],
    ['literal \\r\\n, escaped twice', pkcs1.replaceAll('\n', '\\\\r\\\\n')],
    ['a backslash at the end of each line', pkcs1.replaceAll('\n', '\\\n')],
    ['JSON with escaped slashes', JSON.stringify({ key: pkcs1 }).replaceAll('/', '\\/')],
    ['JSON with escaped plus signs', JSON.stringify({ key: pkcs1 }).replaceAll('+', '\\u002b')],
    ['double quotes', `"${pkcs1}"`],
    ['single quotes and literal \\n', `'${pkcs1.replaceAll('\n', '\\n')}'`],
    ['UTF-16 with a mark', Buffer.concat([mark, utf16(pkcs1.replaceAll('\n', '\r\n'))])],
    ['UTF-16 of the other order', Buffer.concat([mark, utf16(pkcs1)]).swap16()],
    ['UTF-16 without a mark', utf16(pkcs1)],
    ['base64 of UTF-16', base64(Buffer.concat([mark, utf16(pkcs1)]))],
    ['base64 twice more', base64(base64(pkcs1))],
    ['base64 of literal \\n', base64(pkcs1.replaceAll('\n', '\\n'))],
    ['base64url', base64(pkcs1).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')],
    ['a comment in Latin-1', Buffer.from(`# Schl\u00fcssel\n${pkcs1}`, 'latin1')],
    ['URL encoding', encodeURIComponent(pkcs1)],
    ['the encoding of a form', new URLSearchParams({ k: pkcs1 }).toString().slice(2)],
    ['a certificate in front of it', `${certificate}${pkcs8}`],
    ['DER', rsa.privateKey.export({ type: 'pkcs1', format: 'der' })],
    ['PKCS#8 in DER', rsa.privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['its body alone', body],
    ['the same key twice', `${pkcs1}${pkcs1.replaceAll('\n', '\r\n')}`],
    ['its public key in front of it', `${publicPem}${pkcs1}`],
    ['UTF-32 with a mark', utf32(`\uFEFF${pkcs1}`)],
    ['text before it', `# the key of our App\n${pkcs8}`],
    ['base64 once more', Buffer.from(pkcs1).toString('base64')],
    [
      'base64 once more, wrapped',
      (
        Buffer.from(pkcs1)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\n'),
    ],
  ])('%s', (_name, raw) => {
    const read = readPrivateKey(raw);
    expect(read).toMatchObject({ value: { pem: pkcs1 } });
    expect('value' in read && read.value.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}=$/);
  });
});

describe('readPrivateKey names the fault', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const certificateRequest = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----';
  /** A SEQUENCE of an element and a second SEQUENCE, which is 127 bytes long. */
  const der = (first: string): Buffer => {
    const content = Buffer.concat([Buffer.from(`${first}307f`, 'hex'), Buffer.alloc(127)]);
    return Buffer.concat([Buffer.from([0x30, 0x81, content.length]), content]);
  };
  it.each<[string, string | Buffer, string]>([
    ['nothing like a key', 'hello', 'has no BEGIN line'],
    ['empty', '', 'is empty'],
    ['a line end', '\n', 'is empty'],
    ['a file name', './app.2026-01-01.private-key.pem', 'is the name of a file instead of its content'],
    ['SOPS', 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]', 'is still encrypted by SOPS'],
    ['git-crypt', Buffer.from('\0GITCRYPT\0\u0081', 'latin1'), 'is still encrypted by git-crypt'],
    ['a placeholder', '${PRIVATE_KEY}', 'is a placeholder that was not filled in'],
    ['JSON without a key', '{"key":"x"}', 'is a JSON object'],
    ['a token', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'is a GitHub personal access token ("ghp_…")'],
    ['a fingerprint', 'SHA256:g9a/Vj', 'is only the fingerprint of a key'],
    ['an SSH public key', 'ssh-rsa AAAAB3NzaC1yc2E alice', 'is an SSH public key'],
    ['PuTTY', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none', 'is in the format of PuTTY'],
    ['dashes of a word processor', '—–BEGIN RSA PRIVATE KEY—–\nMIIE', 'without exactly five hyphens'],
    ['a certificate request', certificateRequest, 'is a certificate request'],
    ['a certificate in DER', der('3000'), 'is a certificate or public key in DER form'],
    ['PKCS#12', der('020103'), 'is a PKCS#12 file'],
    ['bytes', Buffer.from([0x62, 0xe4, 0x00, 0x73]), 'is not text'],
    ['the BEGIN line alone', '-----BEGIN RSA PRIVATE KEY-----', 'no END line'],
    ['cut off', pkcs1.slice(0, 900), 'no END line'],
    [
      'an END line of another kind',
      pkcs1.replace('END RSA', 'END'),
      'has an END line that does not go with its BEGIN line',
    ],
    ['a BEGIN line in small letters', pkcs1.toLowerCase(), 'has a BEGIN line that is not in capitals'],
    ['two keys', `${pkcs1}${newerKey}`, 'is a file with more than one private key'],
    ['two keys behind a certificate', `${certificate}${pkcs8}${newerKey}`, 'more than one private key'],
    ['a line missing', pkcs1.split('\n').toSpliced(5, 1).join('\n'), 'damaged'],
    ['a character exchanged', exchanged, 'do not belong together'],
    ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'public key'],
    ['an RSA public key', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), 'public key'],
    [
      'encrypted PKCS#8',
      rsa.privateKey
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      'passphrase',
    ],
    [
      'encrypted PKCS#1',
      rsa.privateKey
        .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      'passphrase',
    ],
    ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----', 'OpenSSH'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', 'certificate'],
    ['EC, SEC1', ec.export({ type: 'sec1', format: 'pem' }).toString(), 'not an RSA key'],
    ['EC, PKCS#8', ec.export({ type: 'pkcs8', format: 'pem' }).toString(), 'not an RSA key'],
    ['too few bits', small.export({ type: 'pkcs1', format: 'pem' }).toString(), '1024 bits'],
  ])('%s', (_name, raw, sentence) => {
    const read = readPrivateKey(raw);
    expect('fault' in read && read.fault.sentence).toContain(sentence);
    expect(JSON.stringify(read)).not.toContain(body.slice(0, 24));
  });
});
