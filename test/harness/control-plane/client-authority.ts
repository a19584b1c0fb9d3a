import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Certificate } from '../peers/certificate-authority.ts';
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
} from '../peers/der.ts';

/** Who a client certificate says its holder is. */
interface ClientIdentity {
  user: string;
  groups?: readonly string[];
}

/** Signs client certificates for one API server. */
export interface ClientAuthority {
  /** For `--client-ca-file`, PEM. */
  readonly pem: string;
  issue(identity: ClientIdentity): Certificate;
}

const dayMs = 24 * 3_600_000;
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const commonName = '2.5.4.3';
const organization = '2.5.4.10';

/**
 * Makes a root for client certificates. Kubernetes takes the user from the common name and the groups from
 * the organizations: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
 */
export function createClientAuthority(): ClientAuthority {
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = name([[commonName, 'control plane clients']]);
  const basicConstraints = extension('2.5.29.19', sequence(boolean(true)));
  const forClients = extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.2')));
  return {
    pem: certificate(issuer, issuer, root.publicKey, basicConstraints, root.privateKey),
    issue({ user, groups = [] }) {
      const client = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const subject = name([
        ...groups.map((group): [string, string] => [organization, group]),
        [commonName, user],
      ]);
      return {
        cert: certificate(issuer, subject, client.publicKey, forClients, root.privateKey),
        key: client.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

/** RFC 5280, 4.1, valid from yesterday on for a month. */
function certificate(issuer: Der, subject: Der, key: KeyObject, only: Der, signingKey: KeyObject): string {
  const now = Date.now();
  const toBeSigned = sequence(
    value(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    issuer,
    sequence(time(new Date(now - dayMs)), time(new Date(now + 30 * dayMs))),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    value(0xa3, sequence(only)),
  );
  const signature = bitString(sign('sha256', toBeSigned, signingKey));
  return pem('CERTIFICATE', sequence(toBeSigned, ecdsaWithSha256, signature));
}

function name(attributes: [oid: string, text: string][]): Der {
  return sequence(...attributes.map(([oid, text]) => set(sequence(objectIdentifier(oid), utf8String(text)))));
}

function extension(oid: string, content: Der): Der {
  return sequence(objectIdentifier(oid), boolean(true), octetString(content));
}
