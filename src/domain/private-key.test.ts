import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** Within the private exponent: it still decodes. */
const exchanged = pkcs1.slice(0, 500) + (pkcs1[500] === 'A' ? 'B' : 'A') + pkcs1.slice(501);
const body = pkcs1.split('\n').slice(1, -2).join('');

describe('readPrivateKey repairs', () => {
  it.each([
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
  it.each([
    ['nothing like a key', 'hello', 'no BEGIN line'],
    ['empty', '', 'no BEGIN line'],
    ['the BEGIN line alone', '-----BEGIN RSA PRIVATE KEY-----', 'no END line'],
    ['cut off', pkcs1.slice(0, 900), 'no END line'],
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
