import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Certificate } from '../pki/certificate-authority.ts';
import { keys } from './certificate.ts';
import { der, derInteger, oddNumber, pem } from './rsa-key.ts';

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bitString = (content: Buffer): Buffer => der(0x03, Buffer.of(0), content);
const rsaWithSha256 = der(0x30, oid('2a864886f70d01010b'), Buffer.from('0500', 'hex'));
const nameOf = (text: string): Buffer =>
  der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(text)))));
const time = (text: string): Buffer => der(0x17, Buffer.from(text));
/** basicConstraints, critical, cA: RFC 5280, section 4.2.1.9. */
const isAuthority = der(
  0xa3,
  der(
    0x30,
    der(0x30, oid('551d13'), der(0x01, Buffer.of(0xff)), der(0x04, der(0x30, der(0x01, Buffer.of(0xff))))),
  ),
);

/** Bits of the keys: the longest for which OpenSSL takes an exponent of the same length (`rsa_ossl.c`). */
const bits = 3072;

function certificate(subject: string, issuer: string, key: Buffer, ...extensions: readonly Buffer[]): string {
  const toBeSigned = der(
    0x30,
    der(0xa0, derInteger(2n)),
    derInteger(1n),
    rsaWithSha256,
    nameOf(issuer),
    der(0x30, time('260101000000Z'), time('360101000000Z')),
    nameOf(subject),
    key,
    ...extensions,
  );
  // Below the modulus, so that it is computed with. It is wrong, and costs as much as a right one.
  const signature = Buffer.concat([Buffer.of(0), randomBytes(bits / 8 - 1)]);
  return pem('CERTIFICATE', der(0x30, toBeSigned, rsaWithSha256, bitString(signature)));
}

/**
 * What a server presents to cost its clients time: a usual key, and a chain of authorities as long as OpenSSL
 * reads, whose RSA keys have exponents as long as the modulus. No client trusts it, and OpenSSL checks each signature
 * all the same, about 15 ms each.
 */
export function costlyChain(): Certificate {
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ofLeaf = leaf.publicKey.export({ type: 'spki', format: 'der' });
  const authorities = Array.from({ length: 60 }, (_, index) =>
    certificate(`ca ${index}`, `ca ${index + 1}`, keys.rsa(bits, oddNumber(bits - 8)), isAuthority),
  );
  return {
    cert: [certificate('leaf', 'ca 0', ofLeaf), ...authorities].join(''),
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
