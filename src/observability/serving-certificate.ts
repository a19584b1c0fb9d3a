import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';

/** A certificate and its private key, both PEM. */
export interface ServingCertificate {
  cert: string;
  key: string;
}

/** Where a certificate lies, as in a mounted Secret of type kubernetes.io/tls. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

/** The kubelet replaces mounted files within about a minute; certificates are renewed days before they expire. */
const intervalMs = durations.observability.certificateCheckMs;

/**
 * Reads a certificate.
 *
 * @throws Error when a file can't be read, or certificate and key don't go together
 */
export async function readServingCertificate({
  certFile,
  keyFile,
}: CertificateFiles): Promise<ServingCertificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('The certificate and the private key do not go together.');
  return { cert, key };
}

/** Options for {@link followServingCertificate}. */
export interface FollowOptions {
  onChange: (certificate: ServingCertificate) => void;
  onFailure: (error: unknown) => void;
  clock?: Pick<Clock, 'setTimer'>;
}

/**
 * Reads the files every ten seconds and reports a certificate that is another than before. One that can't be used,
 * such as a new certificate whose key is not there yet, is reported as a failure once and tried again.
 *
 * @returns a function that ends it
 */
export function followServingCertificate(
  files: CertificateFiles,
  first: ServingCertificate,
  { onChange, onFailure, clock = systemClock }: FollowOptions,
): () => void {
  let served = first;
  let failed = false;
  const read = async (): Promise<void> => {
    try {
      const next = await readServingCertificate(files);
      failed = false;
      if (next.cert === served.cert && next.key === served.key) return;
      served = next;
      onChange(next);
    } catch (error) {
      if (!failed) onFailure(error);
      failed = true;
    }
  };
  let cancelTimer = clock.setTimer(readAgain, intervalMs);
  function readAgain(): void {
    cancelTimer = clock.setTimer(readAgain, intervalMs);
    void read();
  }
  return () => cancelTimer();
}
