import { generateKeyPairSync } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { pemBodies } from '../lib/pem.ts';
import { readCaFile } from './ca-file.ts';

const [pem = ''] = rootCertificates;
const [body = ''] = pemBodies('CERTIFICATE', pem);
const der = Buffer.from(body, 'base64');
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const base64 = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64');
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');
const name = 'CA bundle in ConfigMap "our-ca" (key "ca.crt")';

/** The certificate in a text, without its line breaks. */
const bodyOf = (text: string): string => pemBodies('CERTIFICATE', text)[0]?.replaceAll(/\s/g, '') ?? '';

describe('readCaFile reads a certificate', () => {
  it.each<[string, string | Buffer]>([
    ['in PEM', pem],
    ['with CRLF', pem.replaceAll('\n', '\r\n')],
    ['on one line', pem.replaceAll('\n', ' ')],
    ['with escaped line breaks', pem.replaceAll('\n', '\\n')],
    ['with line breaks that were escaped twice', pem.replaceAll('\n', '\\\\n')],
    ['in UTF-16', utf16(pem)],
    ['in base64 once more', base64(pem)],
    ['in base64 of UTF-16', base64(utf16(pem))],
    ['behind a comment in Latin-1', Buffer.from(`# Autorit\u00e9\n${pem}`, 'latin1')],
    ['in quotes', `"${pem}"`],
    ['next to a private key', `${key}${pem}`],
    ['in DER', der],
    ['in DER, in base64 without its lines', base64(der)],
  ])('%s', (_, raw) => {
    const read = readCaFile(raw, name);
    expect(bodyOf('value' in read ? read.value : '')).toBe(bodyOf(pem));
  });
});

describe('readCaFile says of a file that it', () => {
  const pkcs7 = Buffer.concat([Buffer.from('30816006092a864886f70d010702a053', 'hex'), Buffer.alloc(83)]);
  const labelled = (label: string): string => `-----BEGIN ${label}-----\nMIIB\n-----END ${label}-----\n`;
  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'is empty'],
    ['a word', 'certificate', 'contains no PEM certificate'],
    ['a private key', key, 'holds a private key and no certificate'],
    [
      'a public key',
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'holds a public key and no certificate',
    ],
    ['a request', labelled('CERTIFICATE REQUEST'), 'is a certificate request'],
    ['OpenSSL', labelled('TRUSTED CERTIFICATE'), "is in OpenSSL's own format for trusted certificates"],
    ['PKCS#7', labelled('PKCS7'), 'is a PKCS#7 file'],
    ['PKCS#7 in DER', pkcs7, 'is a PKCS#7 file'],
    [
      'a private key in DER',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      'is a PKCS#12 file or a private key',
    ],
    ['a keystore', Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]), 'is a Java keystore'],
    ['a web page', '<!DOCTYPE html><html></html>', 'is a web page'],
    ['a file name', '/etc/ssl/certs/ca.crt', 'is the name of a file instead of its content'],
    ['SOPS', 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]', 'is still encrypted by SOPS'],
    ['a placeholder', '{{ .Values.ca }}', 'is a placeholder that was not filled in'],
    ['bytes', Buffer.from([0x62, 0xe4, 0x00]), 'is not text'],
  ])('%s', (_, raw, clause) => {
    const read = readCaFile(raw, name);
    expect('fault' in read && read.fault.sentence).toBe(`The ${name} ${clause}.`);
    for (const line of key.split('\n').slice(1, -2)) expect(JSON.stringify(read)).not.toContain(line);
  });
});
