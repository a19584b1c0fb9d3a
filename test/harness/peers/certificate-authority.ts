import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import {
  bitString,
  boolean,
  type Der,
  integer,
  objectIdentifier,
  octetString,
  pem,
  sequence,
  set,
  time,
  utf8String,
  value,
} from './der.ts';

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Default: an hour ago, so that a clock behind ours accepts it too. */
  notBefore?: Date;
  /** Default: a year from now. */
  notAfter?: Date;
}

/** Signs server certificates of the harness; lives as long as the process and trusts nobody. */
export interface CertificateAuthority {
  /** The root to trust, PEM. */
  readonly pem: string;
  /** A server certificate for names (`api.github.com`, `*.example.com`) and IP addresses. */
  issue(hosts: readonly string[], options?: CertificateOptions): Certificate;
}

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/** Makes a new root with a new key. */
export function createCertificateAuthority(name = 'codemie-git-operator test CA'): CertificateAuthority {
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rootKeyId = keyIdentifier(root.publicKey);
  const pemOfRoot = signCertificate(
    {
      issuer: name,
      subject: name,
      publicKey: root.publicKey,
      ...validity({}),
      extensions: [
        extension('2.5.29.19', sequence(boolean(true)), { critical: true }), // basicConstraints: CA
        extension('2.5.29.15', bitString(Buffer.from([0b0000_0110]), 1), { critical: true }), // keyUsage: sign certificates and CRLs
        extension('2.5.29.14', octetString(rootKeyId)), // subjectKeyIdentifier
      ],
    },
    root.privateKey,
  );
  return {
    pem: pemOfRoot,
    issue(hosts, options = {}) {
      const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const cert = signCertificate(
        {
          issuer: name,
          subject: hosts[0] ?? 'nobody',
          publicKey: leaf.publicKey,
          ...validity(options),
          extensions: [
            extension('2.5.29.15', bitString(Buffer.from([0b1000_0000]), 7), { critical: true }), // keyUsage: digitalSignature
            extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))), // extKeyUsage: serverAuth
            extension('2.5.29.17', sequence(...hosts.map(generalName))), // subjectAltName
            extension('2.5.29.14', octetString(keyIdentifier(leaf.publicKey))),
            extension('2.5.29.35', sequence(value(0x80, rootKeyId))), // authorityKeyIdentifier
          ],
        },
        root.privateKey,
      );
      return { cert, key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
  };
}

interface CertificateFields {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  extensions: Der[];
}

/** RFC 5280, 4.1: version 3, everything but the subject's key as given. */
function signCertificate(fields: CertificateFields, signingKey: KeyObject): string {
  const toBeSigned = sequence(
    value(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])), // the leading 1 keeps it positive and without leading zeros
    ecdsaWithSha256,
    commonName(fields.issuer),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    commonName(fields.subject),
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    value(0xa3, sequence(...fields.extensions)),
  );
  return pem(
    'CERTIFICATE',
    sequence(toBeSigned, ecdsaWithSha256, bitString(sign('sha256', toBeSigned, signingKey))),
  );
}

function validity(options: CertificateOptions): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: options.notBefore ?? new Date(Date.now() - hourMs),
    notAfter: options.notAfter ?? new Date(Date.now() + yearMs),
  };
}

function extension(oid: string, content: Der, options: { critical?: boolean } = {}): Der {
  const critical = options.critical === true ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...critical, octetString(content));
}

function commonName(name: string): Der {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(name))));
}

function generalName(host: string): Der {
  return isIP(host) === 0
    ? value(0x82, Buffer.from(host, 'ascii'))
    : value(0x87, Buffer.from(ipaddr.parse(host).toByteArray()));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}
