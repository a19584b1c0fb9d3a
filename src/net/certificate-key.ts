import { bounds } from '../lib/bounds.ts';
import { type DerElement, derTag, integerBits, readDer } from '../lib/der.ts';

/** rsaEncryption and id-RSASSA-PSS, RFC 4055. Their keys have one form. */
const rsa: ReadonlySet<string> = new Set(['2a864886f70d010101', '2a864886f70d01010a']);
const ecPublicKey = '2a8648ce3d0201';
/** Ed25519 and Ed448, RFC 8410. */
const edwards: ReadonlySet<string> = new Set(['2b6570', '2b6571']);
const curves: ReadonlySet<string> = new Set([
  // P-256, P-384, P-521: RFC 5480.
  '2a8648ce3d030107',
  '2b81040022',
  '2b81040023',
  // brainpoolP256r1, P384r1, P512r1: RFC 5639.
  '2b2403030208010107',
  '2b240303020801010b',
  '2b240303020801010d',
]);

/**
 * Whether the public key of a certificate is of a kind and length that certificate authorities use. OpenSSL decodes keys
 * together with certificates, and computes for that: a curve given by its parameters, or a compressed point on a binary
 * curve, takes a hundred times as long as a usual key.
 *
 * @param certificate DER, RFC 5280, section 4.1
 */
export function hasOrdinaryKey(certificate: Uint8Array): boolean {
  const [toBeSigned] = sequence(readDer(certificate, 1)?.[0], 3);
  const fields = sequence(toBeSigned, 10);
  // The version is absent from version 1.
  const versioned = fields[0]?.tag === 0xa0 ? 1 : 0;
  const [algorithm, bits] = sequence(fields[versioned + 5], 2);
  const [kind, parameters] = sequence(algorithm, 2);
  if (kind?.tag !== derTag.oid || bits === undefined) return false;
  const name = hexOf(kind);
  if (rsa.has(name)) return isOrdinaryRsa(bits.content.subarray(1));
  // Behind the octet of unused bits, 4 is a point in full: SEC 1, section 2.3.3.
  const inFull = bits.content[1] === 0x04;
  if (name === ecPublicKey) return inFull && parameters?.tag === derTag.oid && curves.has(hexOf(parameters));
  return edwards.has(name);
}

function isOrdinaryRsa(key: Uint8Array): boolean {
  const { maxModulusBits, maxExponentBits } = bounds.caBundle;
  const [modulus, exponent] = sequence(readDer(key, 1)?.[0], 2);
  if (modulus === undefined || exponent === undefined) return false;
  return (
    (integerBits(modulus.content) ?? Number.POSITIVE_INFINITY) <= maxModulusBits &&
    (integerBits(exponent.content) ?? Number.POSITIVE_INFINITY) <= maxExponentBits
  );
}

function sequence(element: DerElement | undefined, maxElements: number): DerElement[] {
  return (element?.tag === derTag.sequence && readDer(element.content, maxElements)) || [];
}

function hexOf({ content }: DerElement): string {
  return Buffer.from(content).toString('hex');
}
