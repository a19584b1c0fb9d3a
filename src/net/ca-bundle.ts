import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** A text that was given as CA certificates but holds none that can be read. The message says which one. */
export class CaBundleError extends Error {
  override readonly name = 'CaBundleError';
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Splits a PEM text into its certificates. Text between them, such as the comments of a distribution's bundle, is
 * ignored, as OpenSSL does.
 *
 * @throws {CaBundleError} if there is no certificate, or one can't be read. Without this check a typing error would
 *   surface much later, as a server that is not trusted.
 */
export function parseCaBundle(text: string): string[] {
  const blocks = text.match(certificateBlock) ?? [];
  if (blocks.length === 0) throw new CaBundleError('The CA bundle contains no PEM certificate.');
  for (const [index, block] of blocks.entries()) {
    try {
      void new X509Certificate(block);
    } catch {
      throw new CaBundleError(`Certificate ${index + 1} of the CA bundle can't be read.`);
    }
  }
  return blocks;
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
    if (ca.length === 0) return undefined;
    const extra = [...new Set(ca.flatMap(parseCaBundle))].toSorted();
    const key = createHash('sha256').update(extra.join('\n')).digest('base64');
    const known = contexts.get(key)?.deref();
    if (known) return known;
    for (const [unused, context] of contexts) if (!context.deref()) contexts.delete(unused);
    const made = createSecureContext({ ca: [...getCACertificates('default'), ...extra] });
    contexts.set(key, new WeakRef(made));
    return made;
  };
}
