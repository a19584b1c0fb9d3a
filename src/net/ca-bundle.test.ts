import { describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../test/harness/pki/certificate-authority.ts';
import { CaBundleError, createSharedTrust, parseCaBundle } from './ca-bundle.ts';

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
    { name: 'CRLF', text: first.replaceAll('\n', '\r\n'), certificates: [first.replaceAll('\n', '\r\n')] },
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
