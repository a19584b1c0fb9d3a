import { randomBytes } from 'node:crypto';

/** The numbers of an RSAPrivateKey in the order of RFC 8017, appendix A.1.2. */
export interface RsaNumbers {
  version: bigint;
  n: bigint;
  e: bigint;
  d: bigint;
  p: bigint;
  q: bigint;
  dp: bigint;
  dq: bigint;
  qi: bigint;
}

/**
 * A key whose parts belong together as far as anybody checks without testing for primes, made in milliseconds for any
 * length and exponent. Its signatures are wrong, and cost as much as right ones.
 */
export function consistentKey(modulusBits: number, e = 65_537n): RsaNumbers {
  for (;;) {
    const [p, q] = [oddNumber(modulusBits / 2), oddNumber(modulusBits / 2)];
    const order = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
    if (gcd(p, q) !== 1n || gcd(e, order) !== 1n) continue;
    const d = inverse(e % order, order);
    return { version: 0n, n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  }
}

/** The same key with a random public exponent of so many bits, and the private parts that belong to it. */
export function withExponent(key: RsaNumbers, bits: number): RsaNumbers {
  const order = (key.p - 1n) * (key.q - 1n);
  for (;;) {
    const e = oddNumber(bits);
    if (gcd(e % order, order) !== 1n) continue;
    const d = inverse(e % order, order);
    return { ...key, e, d, dp: d % (key.p - 1n), dq: d % (key.q - 1n) };
  }
}

/** A random odd number of exactly so many bits, the two highest of which are set. */
export function oddNumber(bits: number): bigint {
  return BigInt(`0x${randomBytes(bits / 8).toString('hex')}`) | (3n << BigInt(bits - 2)) | 1n;
}

/** The key as PKCS#1, with further elements at its end. */
export function pkcs1Der(numbers: RsaNumbers, ...more: readonly Buffer[]): Buffer {
  return der(0x30, ...Object.values(numbers).map(derInteger), ...more);
}

/** Whatever is given, as PKCS#8 under an algorithm, given as the hex of its OID, and its parameters. */
export function pkcs8Der(oid: string, parameters: Buffer, key: Buffer): Buffer {
  return der(0x30, derInteger(0n), der(0x30, der(0x06, Buffer.from(oid, 'hex')), parameters), der(0x04, key));
}

/** One element of DER. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(evenHex(BigInt(content.length)), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, content]);
}

/** A non-negative INTEGER. */
export function derInteger(number: bigint): Buffer {
  const bytes = Buffer.from(evenHex(number), 'hex');
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** DER as PEM. */
export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function evenHex(number: bigint): string {
  const hex = number.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function inverse(a: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [a, modulus, 1n, 0n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [s0, s1] = [s1, s0 - quotient * s1];
  }
  return ((s0 % modulus) + modulus) % modulus;
}
