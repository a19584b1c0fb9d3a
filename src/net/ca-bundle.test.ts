import { getCACertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificate, keys, names } from '../../test/harness/hostile/certificate.ts';
import { missedTicks } from '../../test/harness/hostile/longest-block.ts';
import { oddNumber } from '../../test/harness/hostile/rsa-key.ts';
import { createCertificateAuthority } from '../../test/harness/pki/certificate-authority.ts';
import { CaBundleError, createSharedTrust, parseCaBundle } from './ca-bundle.ts';

const roots = getCACertificates('default');
const first = (await createCertificateAuthority('first')).pem.trim();
const second = (await createCertificateAuthority('second')).pem.trim();

describe('parseCaBundle', () => {
  it.each([
    { name: 'one certificate', text: first, certificates: [first] },
    {
      name: 'comments between',
      text: `# first\n${first}\n\n# second\n${second}\n`,
      certificates: [first, second],
    },
    { name: 'CRLF', text: first.replaceAll('\n', '\r\n'), certificates: [first] },
    { name: 'the same one twice', text: `${first}\n${first}`, certificates: [first] },
  ])('reads $name', ({ text, certificates }) => {
    expect(parseCaBundle(text)).toEqual(certificates);
  });

  it.each([
    { name: 'nothing', text: '', message: 'The CA bundle contains no PEM certificate.' },
    {
      name: 'another text',
      text: 'not a certificate',
      message: 'The CA bundle contains no PEM certificate.',
    },
    {
      name: 'a spoilt certificate',
      text: `${first}\n${second.replace('M', '!')}`,
      message: "Certificate 2 of the CA bundle can't be read.",
    },
  ])('refuses $name', ({ text, message }) => {
    expect(() => parseCaBundle(text)).toThrow(new CaBundleError(message));
  });
});

describe('a hostile bundle', () => {
  const many = (count: number, make: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => make(index)).join('\n');

  it.each([
    {
      name: 'over a MiB of text',
      text: `# ${'x'.repeat(1024 * 1024)}\n${first}`,
      says: 'larger than 512 KiB',
    },
    {
      name: '18,000 BEGIN lines without END',
      text: '-----BEGIN CERTIFICATE-----\n'.repeat(18_000),
      says: 'contains no PEM certificate',
    },
    {
      name: 'many ENDs before one BEGIN',
      text: `${'-----END CERTIFICATE-----\n'.repeat(18_000)}-----BEGIN CERTIFICATE-----`,
      says: 'contains no PEM certificate',
    },
    {
      name: '18,000 empty certificates',
      text: '-----BEGIN CERTIFICATE----------END CERTIFICATE-----'.repeat(10_000),
      says: 'more than 400 certificates',
    },
    { name: '101 unknown ones', text: many(101, (index) => certificate(index)), says: 'more than 100' },
    {
      name: 'a curve by its parameters',
      text: certificate(0, keys.ownCurve),
      says: 'Certificate 1 of the CA bundle',
    },
    {
      name: 'binary curves',
      text: many(100, (index) => certificate(index, keys.binaryCurve)),
      says: 'Certificate 1',
    },
    { name: 'points to decompress', text: certificate(0, keys.compressed), says: 'Certificate 1' },
    { name: 'DSA', text: certificate(0, keys.dsa), says: 'Certificate 1' },
    { name: 'RSA of 16,384 bits', text: certificate(0, keys.rsa(16_384, 65_537n)), says: 'Certificate 1' },
    {
      name: 'RSA with an exponent of 3,072 bits',
      text: certificate(0, keys.rsa(3072, oddNumber(3072))),
      says: 'Certificate 1',
    },
  ])('of $name is refused at once', async ({ text, says }) => {
    expect(() => parseCaBundle(text)).toThrow(says);
    const attempt = (): void => expect(() => parseCaBundle(text)).toThrow(CaBundleError);
    expect(await missedTicks(attempt)).toBe(0);
  });

  it.each([
    { name: 'the longest keys', text: many(100, (index) => certificate(index, keys.rsa(8192, 65_537n))) },
    { name: 'the longest points', text: many(100, (index) => certificate(index, keys.longest)) },
    { name: 'ten thousand names', text: certificate(0, keys.usual, names(10_000)) },
    { name: 'everything that is public', text: roots.join('\n') },
  ])('of $name is read and trusted without a block', async ({ text }) => {
    expect(await missedTicks(() => parseCaBundle(text))).toBe(0);
    expect(await missedTicks(() => createSharedTrust()([text]))).toBe(0);
  });

  it('of what is trusted anyway needs no separate context', () => {
    expect(createSharedTrust()([roots.join('\n')])).toBeUndefined();
  });
});

describe('createSharedTrust', () => {
  const trustFor = createSharedTrust();

  it('leaves Node its own roots without extra certificates', () => {
    expect(trustFor([])).toBeUndefined();
  });

  it('makes one context for all who trust the same, in any order and any cut', () => {
    const both = trustFor([first, second]);
    expect(trustFor([`${second}\n${first}`])).toBe(both);
    expect(trustFor([first])).not.toBe(both);
  });
});
