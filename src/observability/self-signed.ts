import { durations } from '../lib/durations.ts';
// Before the X.509 library, whose dependency injection refuses to load without it:
// https://github.com/PeculiarVentures/x509#-reflect-polyfill-required
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { ServingCertificate } from './serving-certificate.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const hourMs = 3_600_000;
/** Longer than a Pod lives; clients can't verify such a certificate in any case. */
const validForMs = durations.observability.selfSignedMs;

/**
 * Creates a certificate with a key that exists in memory only. It encrypts, so that tokens can't be read on the way; it
 * does not verify who the server is.
 *
 * @param name of the server, such as `codemie-git-operator`
 * @param nowMs epoch milliseconds
 */
export async function makeSelfSigned(name: string, nowMs: number): Promise<ServingCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [name] }],
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(nowMs - hourMs),
      notAfter: new Date(nowMs + validForMs),
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    },
    webcrypto,
  );
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { cert: certificate.toString('pem'), key };
}
