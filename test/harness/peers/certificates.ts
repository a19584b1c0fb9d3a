import { type Certificate, createCertificateAuthority } from '../pki/certificate-authority.ts';
import { type CertificateProblem, issueFaultyCertificates } from './connection-fault.ts';

/** The certificates of one root. Each is issued when it is first wanted, and is the same ever after. */
interface Certificates {
  /** The root to trust, PEM. */
  readonly ca: string;
  /** One that is good for all of these names. */
  good(names: readonly string[]): Promise<Certificate>;
  /** One with each problem, of a server that should have one for these names. */
  faulty(names: readonly string[]): Promise<Record<CertificateProblem, Certificate>>;
}

let shared: Promise<Certificates> | undefined;

/** What all internets of this process have in common: to create it takes longer than most tests. */
export function peerCertificates(): Promise<Certificates> {
  shared ??= createCertificates();
  return shared;
}

async function createCertificates(): Promise<Certificates> {
  const authority = await createCertificateAuthority();
  return {
    ca: authority.pem,
    good: remember((names) => authority.issue({ hosts: names })),
    faulty: remember((names) => issueFaultyCertificates(names, authority)),
  };
}

function remember<T>(
  issue: (names: readonly string[]) => Promise<T>,
): (names: readonly string[]) => Promise<T> {
  const issued = new Map<string, Promise<T>>();
  return (names) => {
    const key = names.join();
    const known = issued.get(key) ?? issue(names);
    issued.set(key, known);
    return known;
  };
}
