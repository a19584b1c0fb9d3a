import { describe, expect, it } from 'vitest';
import { missedTicks } from '../../test/harness/hostile/longest-block.ts';
import {
  consistentKey,
  der,
  derInteger,
  oddNumber,
  pem,
  pkcs1Der,
  pkcs8Der,
  type RsaNumbers,
  withExponent,
} from '../../test/harness/hostile/rsa-key.ts';
import { bounds } from '../lib/bounds.ts';
import { readPrivateKey } from './private-key.ts';

const oid = {
  rsa: '2a864886f70d010101',
  rsaPss: '2a864886f70d01010a',
  dsa: '2a8648ce380401',
  dh: '2a864886f70d010301',
  ec: '2a8648ce3d0201',
};
const nothing = Buffer.from('0500', 'hex');
const good = consistentKey(2048);
const order = (good.p - 1n) * (good.q - 1n);
const rsaPem = (numbers: RsaNumbers, ...more: Buffer[]) => pem('RSA PRIVATE KEY', pkcs1Der(numbers, ...more));
const inPkcs8 = (algorithm: string, parameters: Buffer, key: Buffer) =>
  pem('PRIVATE KEY', pkcs8Der(algorithm, parameters, key));

const huge = oddNumber(100_000);
/** Domain parameters of DSA: the public key is g^x mod p, which OpenSSL computes while it decodes. */
const dsaParameters = der(0x30, derInteger(huge), derInteger(oddNumber(256)), derInteger(3n));
const dhParameters = der(0x30, derInteger(huge), derInteger(3n));
const negativeExponent = der(
  0x30,
  ...Object.entries(good).map(([name, value]) =>
    name === 'e' ? der(0x02, Buffer.from('ff'.repeat(4000), 'hex')) : derInteger(value),
  ),
);

const refused: [name: string, raw: () => string, sentence: string][] = [
  [
    'a consistent key with an exponent of 131,072 bits',
    () => rsaPem(withExponent(good, 131_072)),
    'exponent',
  ],
  ['an exponent of 40 bits', () => rsaPem(withExponent(good, 40)), 'exponent'],
  ['an exponent of a negative number', () => pem('RSA PRIVATE KEY', negativeExponent), 'cannot be decoded'],
  ['an even exponent', () => rsaPem({ ...good, e: 65_536n }), 'do not belong together'],
  ['an exponent of 1', () => rsaPem({ ...good, e: 1n, d: 1n, dp: 1n, dq: 1n }), 'do not belong together'],
  ['a modulus of 16,384 bits', () => rsaPem(consistentKey(16_384)), 'has 16384 bits'],
  ['a modulus of 8,200 bits', () => rsaPem({ ...good, n: oddNumber(8200) }), 'has 8200 bits'],
  ['a modulus of 100,000 bits', () => rsaPem({ ...good, n: huge }), 'has 100000 bits'],
  ['a modulus of 2,040 bits', () => rsaPem(consistentKey(2032)), 'has 2032 bits'],
  [
    'a private exponent that was made longer by multiples of the order',
    () => rsaPem({ ...good, d: good.d + order * (1n << 100_000n) }),
    'do not belong together',
  ],
  ['a factor that is longer than the modulus', () => rsaPem({ ...good, p: huge }), 'do not belong together'],
  ['even factors', () => rsaPem({ ...good, n: good.p * 2n ** 1024n, q: 2n ** 1024n }), 'do not belong'],
  [
    'more than two factors',
    () => rsaPem({ ...good, version: 1n }, der(0x30, der(0x30, derInteger(3n)))),
    'more than two prime factors',
  ],
  [
    'PKCS#8 around DSA with 100,000 bits',
    () => inPkcs8(oid.dsa, dsaParameters, derInteger(huge)),
    'not an RSA',
  ],
  ['PKCS#8 around DH with 100,000 bits', () => inPkcs8(oid.dh, dhParameters, derInteger(huge)), 'not an RSA'],
  ['PKCS#8 around RSA-PSS', () => inPkcs8(oid.rsaPss, nothing, pkcs1Der(good)), 'not an RSA'],
  ['PKCS#8 around a curve of its own', () => inPkcs8(oid.ec, ownCurve(), derInteger(huge)), 'not an RSA'],
  [
    'PKCS#8 around PKCS#8',
    () => inPkcs8(oid.rsa, nothing, pkcs8Der(oid.rsa, nothing, pkcs1Der(good))),
    'cannot be decoded',
  ],
  ['PKCS#8 in 1,000 layers', () => pem('PRIVATE KEY', layers(1000)), 'cannot be decoded'],
  [
    'encryption with a million rounds under the label of a plain key',
    () => pem('PRIVATE KEY', encrypted(1_000_000)),
    'cannot be decoded',
  ],
  ['encryption under its own label', () => pem('ENCRYPTED PRIVATE KEY', encrypted(1_000_000)), 'passphrase'],
  ['more than 64 KiB', () => `${' '.repeat(64 * 1024)}${rsaPem(good)}`, 'larger than 64 KiB'],
  [
    '30,000 elements',
    () => pem('RSA PRIVATE KEY', der(0x30, Buffer.from('0500'.repeat(15_000), 'hex'))),
    'cannot be decoded',
  ],
  [
    'bytes behind the key',
    () => pem('RSA PRIVATE KEY', Buffer.concat([pkcs1Der(good), nothing])),
    'cannot be',
  ],
];

describe('readPrivateKey refuses before anything is computed with it', () => {
  it.each(refused)('%s', async (_name, make, sentence) => {
    const raw = make();
    const read = readPrivateKey(raw);
    expect('fault' in read && read.fault.sentence).toContain(sentence);
    expect(await missedTicks(() => readPrivateKey(raw))).toBe(0);
  });
});

describe('the most costly key that is accepted', () => {
  const { maxModulusBits } = bounds.privateKey;
  const raw = rsaPem(consistentKey(maxModulusBits, 4_294_967_291n));

  it('is read without a block', async () => {
    expect(readPrivateKey(raw)).toHaveProperty('value');
    expect(await missedTicks(() => readPrivateKey(raw))).toBe(0);
  });
});

/** EC parameters that name no known curve. */
function ownCurve(): Buffer {
  const primeField = der(0x30, der(0x06, Buffer.from('2a8648ce3d0101', 'hex')), derInteger(huge));
  const curve = der(0x30, der(0x04, Buffer.of(1)), der(0x04, Buffer.of(1)));
  return der(0x30, derInteger(1n), primeField, curve, der(0x04, Buffer.of(4, 1, 1)), derInteger(huge));
}

function layers(count: number): Buffer {
  let inner = pkcs1Der(good);
  for (let i = 0; i < count; i++) inner = pkcs8Der(oid.rsa, nothing, inner);
  return inner;
}

/** A key that is derived from its passphrase in so many rounds (PBES2 with PBKDF2, RFC 8018). */
function encrypted(rounds: number): Buffer {
  const salt = der(0x04, Buffer.alloc(16));
  const derivation = der(
    0x30,
    der(0x06, Buffer.from('2a864886f70d01050c', 'hex')),
    der(0x30, salt, derInteger(BigInt(rounds))),
  );
  const cipher = der(0x30, der(0x06, Buffer.from('60864801650304012a', 'hex')), der(0x04, Buffer.alloc(16)));
  const pbes2 = der(0x30, der(0x06, Buffer.from('2a864886f70d01050d', 'hex')), der(0x30, derivation, cipher));
  return der(0x30, pbes2, der(0x04, Buffer.alloc(1024)));
}
