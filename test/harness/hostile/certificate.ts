import { createECDH } from 'node:crypto';
import { der, derInteger, oddNumber, pem } from './rsa-key.ts';

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bitString = (content: Buffer): Buffer => der(0x03, Buffer.of(0), content);
const subjectKey = (algorithm: readonly Buffer[], key: Buffer): Buffer =>
  der(0x30, der(0x30, ...algorithm), bitString(key));

const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'));
const ecPublicKey = oid('2a8648ce3d0201');
const p256 = oid('2a8648ce3d030107');

/** Public keys as SubjectPublicKeyInfo (RFC 5280, section 4.1). */
export const keys = {
  usual: ec(p256, 'prime256v1', 'uncompressed'),
  longest: ec(oid('2b81040023'), 'secp521r1', 'uncompressed'),
  compressed: ec(oid('2b81040023'), 'secp521r1', 'compressed'),
  binaryCurve: ec(oid('2b81040026'), 'sect571k1', 'compressed'),
  ownCurve: subjectKey([ecPublicKey, ownCurve()], Buffer.concat([Buffer.of(2), Buffer.alloc(66, 1)])),
  dsa: subjectKey(
    [
      oid('2a8648ce380401'),
      der(0x30, derInteger(oddNumber(80_000)), derInteger(oddNumber(256)), derInteger(3n)),
    ],
    derInteger(oddNumber(80_000)),
  ),
  rsa: (bits: number, exponent: bigint): Buffer =>
    subjectKey(
      [oid('2a864886f70d010101'), Buffer.from('0500', 'hex')],
      der(0x30, derInteger(oddNumber(bits)), derInteger(exponent)),
    ),
};

function ec(curve: Buffer, name: string, form: 'compressed' | 'uncompressed'): Buffer {
  const point = createECDH(name);
  point.generateKeys();
  return subjectKey([ecPublicKey, curve], point.getPublicKey(null, form));
}

function ownCurve(): Buffer {
  const prime = 2n ** 521n - 1n;
  const coefficient = der(0x04, Buffer.alloc(66, 1));
  return der(
    0x30,
    derInteger(1n),
    der(0x30, oid('2a8648ce3d0101'), derInteger(prime)),
    der(0x30, coefficient, coefficient),
    der(0x04, Buffer.of(2), Buffer.alloc(66, 1)),
    derInteger(prime - 10n),
    derInteger(1n),
  );
}

/** The extension of subject alternative names, with that many. */
export function names(count: number): Buffer {
  const all = Array.from({ length: count }, (_, index) => der(0x82, Buffer.from(`a${index}.example`)));
  return der(0x30, oid('551d11'), der(0x04, der(0x30, ...all)));
}

/** A certificate, PEM, that decodes. Its signature means nothing, as the one of a root is not checked. */
export function certificate(
  serial: number,
  key: Buffer = keys.usual,
  ...extensions: readonly Buffer[]
): string {
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(`ca ${serial}`)))));
  const time = (text: string): Buffer => der(0x17, Buffer.from(text));
  const toBeSigned = der(
    0x30,
    der(0xa0, derInteger(2n)),
    derInteger(BigInt(serial + 1)),
    ecdsaWithSha256,
    name,
    der(0x30, time('260101000000Z'), time('360101000000Z')),
    name,
    key,
    ...(extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
  );
  const signature = bitString(der(0x30, derInteger(1n), derInteger(1n)));
  return pem('CERTIFICATE', der(0x30, toBeSigned, ecdsaWithSha256, signature));
}
