// Before the X.509 library, whose dependency injection refuses to load without it:
// https://github.com/PeculiarVentures/x509#-reflect-polyfill-required
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
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
  /** An RSA key of 1024 bits, or a signature with SHA-1, which OpenSSL refuses at security level 2. */
  readonly weak?: 'key' | 'signature';
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

/** What an issuing authority may sign for. */
interface AuthorityLimits extends Validity {
  /** The only domain that it may sign names of: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10 */
  readonly onlyDomain?: string;
}

/** Signs certificates of the harness; lives as long as the process and trusts no other authority. */
export interface CertificateAuthority {
  /** The root to trust, PEM. */
  readonly pem: string;
  /** A certificate with a new key, for a server (`hosts`) or for a client (`clientName`). */
  issue(request: ServerRequest | ClientRequest): Promise<Certificate>;
  /** An issuing authority that this one has signed; its `pem` is the intermediate certificate. */
  createIssuing(name: string, limits?: AuthorityLimits): Promise<CertificateAuthority>;
}

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** Makes a new root with a new key. */
export async function createCertificateAuthority(
  name = 'codemie-git-operator test CA',
): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    ...validity({}),
    extensions: await ofAuthority(keys),
  });
  return authorityOf(root, keys);
}

async function ofAuthority(keys: webcrypto.CryptoKeyPair) {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
}

function authorityOf(own: X509Certificate, ownKeys: webcrypto.CryptoKeyPair): CertificateAuthority {
  const issuer = own.subjectName.toJSON();
  return {
    pem: pemFile(own.toString('pem')),
    async issue(request) {
      const weak = 'hosts' in request ? request.weak : undefined;
      const keys = await (weak === 'key' ? generateShortKeys() : generateKeys());
      const { subject, extensions } = 'hosts' in request ? server(request) : client(request);
      const certificate = await X509CertificateGenerator.create({
        issuer,
        subject,
        publicKey: keys.publicKey,
        signingKey: ownKeys.privateKey,
        ...(weak === 'signature' && { signingAlgorithm: { name: 'ECDSA', hash: 'SHA-1' } }),
        ...validity(request),
        extensions: [
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          await SubjectKeyIdentifierExtension.create(keys.publicKey),
          await AuthorityKeyIdentifierExtension.create(ownKeys.publicKey),
          ...extensions,
        ],
      });
      return certificateOf(certificate, keys);
    },
    async createIssuing(name, limits = {}) {
      const keys = await generateKeys();
      const certificate = await X509CertificateGenerator.create({
        issuer,
        subject: [{ CN: [name] }],
        publicKey: keys.publicKey,
        signingKey: ownKeys.privateKey,
        ...validity(limits),
        extensions: [
          ...(await ofAuthority(keys)),
          ...(limits.onlyDomain === undefined ? [] : [nameConstraints(limits.onlyDomain)]),
        ],
      });
      return authorityOf(certificate, keys);
    },
  };
}

/** A self-signed certificate. */
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

/** NameConstraints with one permitted dNSName, for which the library has no class. A short name needs no long lengths. */
function nameConstraints(domain: string): Extension {
  const wrap = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const permitted = wrap(0x30, wrap(0x82, Buffer.from(domain)));
  return new Extension('2.5.29.30', true, wrap(0x30, wrap(0xa0, permitted)));
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

function generateShortKeys(): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, hash: 'SHA-256' };
  return webcrypto.subtle.generateKey({ ...algorithm, publicExponent: new Uint8Array([1, 0, 1]) }, true, [
    'sign',
    'verify',
  ]);
}

function validity({ notBefore, notAfter }: Validity): Required<Validity> {
  return {
    notBefore: notBefore ?? new Date(Date.now() - hourMs),
    notAfter: notAfter ?? new Date(Date.now() + yearMs),
  };
}

/** The library's PEM lacks the line end that text files have. */
const pemFile = (pem: string): string => `${pem}\n`;
