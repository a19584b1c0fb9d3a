import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { bounds } from '../lib/bounds.ts';
import { decodeBase64, pemBodies, toPem } from '../lib/pem.ts';
import { hasOrdinaryKey } from './certificate-key.ts';

/** A text that was given as CA certificates and is refused. The message says why, without a byte of it. */
export class CaBundleError extends Error {
  override readonly name = 'CaBundleError';
}

const { maxBytes, maxCertificates, maxUnknownCertificates } = bounds.caBundle;

/**
 * Splits a PEM text into its certificates, each once and in the strict form of PEM. Text between them, such as the
 * comments of a distribution's bundle, is ignored, as OpenSSL does.
 *
 * @throws {CaBundleError} if there is no certificate, one can't be read, or there is more than {@link bounds} allow.
 *   Without this check a typing error would surface much later, as a server that is not trusted.
 */
export function parseCaBundle(text: string): string[] {
  if (text.length > maxBytes) throw new CaBundleError(`The CA bundle is larger than ${maxBytes / 1024} KiB.`);
  const bodies = pemBodies('CERTIFICATE', text);
  if (bodies.length === 0) throw new CaBundleError('The CA bundle contains no PEM certificate.');
  if (bodies.length > maxCertificates)
    throw new CaBundleError(`The CA bundle contains more than ${maxCertificates} certificates.`);
  const blocks = bodies.map((body, index) => {
    const der = decodeBase64(body);
    if (der === undefined) throw unreadable(index);
    return toPem('CERTIFICATE', der);
  });
  const unknown = withoutDefaultRoots(blocks);
  if (unknown.size > maxUnknownCertificates)
    throw new CaBundleError(
      `The CA bundle contains more than ${maxUnknownCertificates} certificates besides the public authorities.`,
    );
  for (const [index, block] of blocks.entries()) if (unknown.has(block)) checkCertificate(index, block);
  return [...new Set(blocks)];
}

function checkCertificate(index: number, block: string): void {
  const [body = ''] = pemBodies('CERTIFICATE', block);
  if (!hasOrdinaryKey(Buffer.from(body, 'base64')))
    throw new CaBundleError(
      `Certificate ${index + 1} of the CA bundle can't be read, or has a key of a kind that is not accepted.`,
    );
  try {
    void new X509Certificate(block);
  } catch {
    throw unreadable(index);
  }
}

function unreadable(index: number): CaBundleError {
  return new CaBundleError(`Certificate ${index + 1} of the CA bundle can't be read.`);
}

/** Those that Node.js does not trust already: a bundle often is the distribution's list and one more. */
function withoutDefaultRoots(blocks: readonly string[]): Set<string> {
  defaultRoots ??= new Set(getCACertificates('default').map(digestOf));
  const roots = defaultRoots;
  return new Set(blocks.filter((block) => !roots.has(digestOf(block))));
}

/** Digests of the roots of the process, which stay the same as long as it runs. */
let defaultRoots: ReadonlySet<string> | undefined;

/** The same for each way to wrap the same certificate. */
function digestOf(block: string): string {
  const [body = ''] = pemBodies('CERTIFICATE', block);
  return createHash('sha256').update(body.replaceAll(/\s/g, '')).digest('base64');
}

/**
 * A TLS context that trusts the roots of the process and `ca` as well. (The `ca` option of `tls.connect` would replace
 * the roots.) Returns undefined for no extra certificates: then Node's own, already parsed, roots serve.
 *
 * @throws {CaBundleError} if a text holds no readable certificate.
 */
export type TrustFor = (ca: readonly string[]) => SecureContext | undefined;

/**
 * Makes contexts, one for all who trust the same while one of them uses it: it takes 18 ms to make and 1.3 MB to keep,
 * as all roots are parsed again.
 */
export function createSharedTrust(): TrustFor {
  const contexts = new Map<string, WeakRef<SecureContext>>();
  return (ca) => {
    const extra = [...withoutDefaultRoots(ca.flatMap(parseCaBundle))].toSorted();
    if (extra.length === 0) return undefined;
    const key = createHash('sha256').update(extra.join('\n')).digest('base64');
    const existing = contexts.get(key)?.deref();
    if (existing) return existing;
    for (const [unused, context] of contexts) if (!context.deref()) contexts.delete(unused);
    const made = createSecureContext({
      ca: [...getCACertificates('default'), ...extra],
      // An issuing authority is enough, as for curl and Go: https://docs.openssl.org/3.5/man3/X509_VERIFY_PARAM_set_flags/
      allowPartialTrustChain: true,
    });
    contexts.set(key, new WeakRef(made));
    return made;
  };
}
