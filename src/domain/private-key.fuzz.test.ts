import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' } as const;
const pems = [
  pkcs1,
  rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  rsa.privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString(),
  rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString(),
];

/** Whatever it reads, all it says is one of so few sentences: there is no room in them for a byte of the input. */
const said = new Set<string>();

function read(raw: string): ReturnType<typeof readPrivateKey> {
  const result = readPrivateKey(raw);
  if ('fault' in result) said.add(`${result.fault.sentence} ${result.fault.hint}`);
  return result;
}

/** A text in which a part is cut out, replaced or repeated. */
const damage = (text: string) =>
  fc
    .record({
      at: fc.nat(text.length),
      length: fc.nat(80),
      instead: fc.oneof(
        fc.constant(''),
        fc.string({ maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 8 }),
      ),
    })
    .map(({ at, length, instead }) => text.slice(0, at) + instead + text.slice(at + length));

/** What tools do to a PEM without harming it. */
const wrap = fc.constantFrom<(pem: string) => string>(
  (pem) => pem,
  (pem) => pem.replaceAll('\n', '\r\n'),
  (pem) => pem.replaceAll('\n', '\\n'),
  (pem) => pem.replaceAll('\n', ' '),
  (pem) => `\uFEFF${pem}`,
  (pem) => Buffer.from(pem).toString('base64'),
  (pem) => pem.replaceAll('\n', '\n\t'),
);

describe('readPrivateKey never throws', () => {
  it('at any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (raw) => {
        expect('fault' in read(raw)).toBe(true);
      }),
      { numRuns: 15_000 },
    );
  });

  it('at anything between BEGIN and END', () => {
    const label = fc.constantFrom('RSA PRIVATE KEY', 'PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'X', '');
    const body = fc.oneof(fc.base64String({ maxLength: 300 }), fc.string({ maxLength: 300 }));
    fc.assert(
      fc.property(label, label, body, wrap, (begin, end, middle, wrapped) => {
        const pem = `-----BEGIN ${begin}-----\n${middle}\n-----END ${end}-----\n`;
        expect('fault' in read(wrapped(pem))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it('at a damaged key, which it refuses or repairs to the very same', () => {
    fc.assert(
      fc.property(fc.constantFrom(...pems).chain(damage), wrap, (pem, wrapped) => {
        const result = read(wrapped(pem));
        const same = 'value' in result && result.value.pem === pkcs1;
        expect('fault' in result || same).toBe(true);
      }),
      { numRuns: 15_000 },
    );
  });

  it.each([
    { name: 'BEGIN without end', text: '-----BEGIN '.repeat(90_000) },
    { name: 'many BEGINs', text: '-----BEGIN RSA PRIVATE KEY-----'.repeat(30_000) },
    { name: 'dashes', text: '-'.repeat(1_000_000) },
    { name: 'blanks', text: ' '.repeat(1_000_000) },
    { name: 'base64', text: 'QUJD'.repeat(250_000) },
    { name: 'literal line breaks', text: '\\n'.repeat(500_000) },
    {
      name: 'a body',
      text: `-----BEGIN PRIVATE KEY-----${'A\n'.repeat(500_000)}-----END PRIVATE KEY-----`,
    },
  ])('nor hangs at a megabyte of $name', ({ text }) => {
    expect('fault' in read(text)).toBe(true);
  });

  it('and said nothing but its own few sentences', () => {
    expect(said.size).toBeLessThanOrEqual(20);
    const shown = [...said].join('\n');
    for (const pem of pems)
      for (const line of pem.split('\n').slice(1, -2)) expect(shown).not.toContain(line.slice(0, 12));
  });
});
