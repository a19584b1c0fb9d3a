// Before the X.509 library, whose dependency injection refuses to load without it: https://github.com/PeculiarVentures/x509#-reflect-polyfill-required
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Validity {
  /** Default: an hour ago, so that a clock behind ours accepts it too. */
  readonly notBefore?: Date;
  /** Default: a year from now. */
  readonly notAfter?: Date;
}

interface ServerRequest extends Validity {
  /** Names (`api.github.com`, `*.example.com`) and IP addresses; the first is the common name too. */
  readonly hosts: readonly string[];
}

/**
 * Kubernetes takes the user from the common name and the groups from the organizations:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
 */
interface ClientRequest extends Validity {
  /** The common name. */
  readonly clientName: string;
  readonly organizations?: readonly string[];
}

/** Signs certificates of the harness; lives as long as the process and trusts nobody. */
export interface CertificateAuthority {
  /** The root to trust, PEM. */
  readonly pem: string;
  /** A certificate with a new key, for a server (`hosts`) or for a client (`clientName`). */
  issue(request: ServerRequest | ClientRequest): Promise<Certificate>;
}

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** Makes a new root with a new key. */
export async function createCertificateAuthority(
  name = 'codemie-git-operator test CA',
): Promise<CertificateAuthority> {
  const rootKeys = await generateKeys();
  const issuer: JsonName = [{ CN: [name] }];
  const root = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys: rootKeys,
    ...validity({}),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });

  return {
    pem: pemFile(root.toString('pem')),
    async issue(request) {
      const keys = await generateKeys();
      const { subject, extensions } = 'hosts' in request ? server(request) : client(request);
      const certificate = await X509CertificateGenerator.create({
        issuer,
        subject,
        publicKey: keys.publicKey,
        signingKey: rootKeys.privateKey,
        ...validity(request),
        extensions: [
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          await SubjectKeyIdentifierExtension.create(keys.publicKey),
          await AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
          ...extensions,
        ],
      });
      return certificateOf(certificate, keys);
    },
  };
}

/** A certificate that nobody else has signed. */
export async function issueSelfSigned(hosts: readonly string[]): Promise<Certificate> {
  const keys = await generateKeys();
  const { subject, extensions } = server({ hosts });
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    ...validity({}),
    extensions,
  });
  return certificateOf(certificate, keys);
}

function certificateOf(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Certificate {
  return {
    cert: pemFile(certificate.toString('pem')),
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function server({ hosts }: ServerRequest) {
  const subject: JsonName = [{ CN: [hosts[0] ?? 'nobody'] }];
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const);
  return {
    subject,
    extensions: [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
    ],
  };
}

function client({ clientName, organizations = [] }: ClientRequest) {
  const subject: JsonName = [...organizations.map((name) => ({ O: [name] })), { CN: [clientName] }];
  return { subject, extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])] };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

function validity({ notBefore, notAfter }: Validity): Required<Validity> {
  return {
    notBefore: notBefore ?? new Date(Date.now() - hourMs),
    notAfter: notAfter ?? new Date(Date.now() + yearMs),
  };
}

/** The library's PEM lacks the line end that text files have. */
const pemFile = (pem: string): string => `${pem}\n`;
