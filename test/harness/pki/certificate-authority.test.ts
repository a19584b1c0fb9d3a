import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CertificateAuthority, createCertificateAuthority } from './certificate-authority.ts';

const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

// Read back by Node's X.509, which is OpenSSL's and not the library that made them.
describe('createCertificateAuthority', () => {
  let authority: CertificateAuthority;
  let root: X509Certificate;

  beforeAll(async () => {
    authority = await createCertificateAuthority('a root');
    root = new X509Certificate(authority.pem);
  });

  it('has its own root', () => {
    expect(root.ca).toBe(true);
    expect(root.subject).toBe('CN=a root');
    expect(root.checkIssued(root)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
  });

  it('issues a server certificate for names and addresses', async () => {
    const { cert, key } = await authority.issue({ hosts: ['git.test', '*.example.com', '127.0.0.1', '::1'] });
    const certificate = new X509Certificate(cert);
    expect(certificate.subjectAltName).toBe(
      'DNS:git.test, DNS:*.example.com, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.checkHost('api.example.com')).toBe('*.example.com');
    expect(certificate.checkHost('other.test')).toBeUndefined();
    expect(certificate.keyUsage).toEqual([serverAuth]);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(root)).toBe(true);
    expect(certificate.verify(root.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  it('issues a client certificate with the user and its groups', async () => {
    const { cert } = await authority.issue({ clientName: 'system:user', organizations: ['one', 'two'] });
    const certificate = new X509Certificate(cert);
    expect(certificate.subject).toBe('O=one\nO=two\nCN=system:user');
    expect(certificate.keyUsage).toEqual([clientAuth]);
    expect(certificate.verify(root.publicKey)).toBe(true);
  });

  it.each([
    { name: 'the past', notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2020-02-01T00:00:00.000Z' },
    {
      name: 'years from 2050 on, which are encoded otherwise',
      notBefore: '2049-12-31T23:59:59.000Z',
      notAfter: '2051-02-01T00:00:00.000Z',
    },
  ])('dates a certificate as asked: $name', async ({ notBefore, notAfter }) => {
    const { cert } = await authority.issue({
      hosts: ['git.test'],
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
    });
    const certificate = new X509Certificate(cert);
    expect(certificate.validFromDate.toISOString()).toBe(notBefore);
    expect(certificate.validToDate.toISOString()).toBe(notAfter);
  });

  it('does not sign for a root of the same name', async () => {
    const namesake = new X509Certificate((await createCertificateAuthority('a root')).pem);
    const certificate = new X509Certificate((await authority.issue({ hosts: ['git.test'] })).cert);
    expect(certificate.verify(namesake.publicKey)).toBe(false);
  });
});
