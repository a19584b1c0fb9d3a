import { connect, type Socket } from 'node:net';
import {
  type Certificate,
  type CertificateAuthority,
  createCertificateAuthority,
  issueSelfSigned,
} from '../pki/certificate-authority.ts';

/**
 * What may be wrong with the way to one host, below HTTP.
 * - `refuse`: no connection. Through the proxy its answer to CONNECT is 502, as when its own connect failed.
 * - `hang`: a tar-pit. The connection stands and not a byte ever comes; `at: 'connect'` leaves even the CONNECT
 *   unanswered.
 * - `reset`: RST after so many bytes from the server, the TLS handshake included.
 * - `certificate`: TLS with a certificate no client may accept.
 * - `oldProtocol`: nothing newer than TLS 1.1.
 * - `clientCertificate`: mutual TLS.
 */
export type ConnectionFault =
  | { readonly kind: 'refuse' }
  | { readonly kind: 'hang'; readonly at?: 'connect' | 'connected' }
  | { readonly kind: 'reset'; readonly afterBytes: number }
  | { readonly kind: 'certificate'; readonly problem: CertificateProblem }
  | { readonly kind: 'oldProtocol' }
  | { readonly kind: 'clientCertificate' };

export type CertificateProblem = 'wrongName' | 'expired' | 'unknownAuthority' | 'selfSigned';

/** What a server with such a protocol needs in addition to its certificate. */
export const oldProtocol = {
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT@SECLEVEL=0',
} as const;

/** Issues a certificate with each problem, for servers that should have one for `hosts`. */
export async function issueFaultyCertificates(
  hosts: readonly string[],
  trusted: CertificateAuthority,
): Promise<Record<CertificateProblem, Certificate>> {
  const stranger = await createCertificateAuthority('somebody else');
  const dayMs = 86_400_000;
  return {
    wrongName: await trusted.issue({ hosts: ['someone-else.example.net'] }),
    expired: await trusted.issue({
      hosts,
      notBefore: new Date(Date.now() - 2 * dayMs),
      notAfter: new Date(Date.now() - dayMs),
    }),
    unknownAuthority: await stranger.issue({ hosts }),
    selfSigned: await issueSelfSigned(hosts),
  };
}

/** Joins a client to the local server on `port`, as the fault allows. */
export function relay(client: Socket, head: Buffer, port: number, fault: ConnectionFault | undefined): void {
  client.on('error', () => client.destroy());
  if (fault?.kind === 'refuse') {
    client.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'hang') {
    client.resume();
    return;
  }
  const server = connect({ port, host: '127.0.0.1', noDelay: true });
  server.on('error', () => client.resetAndDestroy());
  client.on('close', () => server.destroy());
  server.write(head);
  client.pipe(server);
  if (fault?.kind === 'reset') {
    relayAtMost(fault.afterBytes, server, client);
  } else {
    server.pipe(client);
  }
}

function relayAtMost(bytes: number, server: Socket, client: Socket): void {
  let left = bytes;
  server.on('end', () => client.end());
  server.on('data', (chunk) => {
    if (chunk.length < left) {
      left -= chunk.length;
      client.write(chunk);
      return;
    }
    server.pause();
    client.write(chunk.subarray(0, left), () => {
      client.resetAndDestroy();
      server.destroy();
    });
  });
}
