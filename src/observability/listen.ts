import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { durations } from '../lib/durations.ts';
import { ownMember } from '../lib/names.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** A small HTTP server that is up. */
export interface Listening {
  /** `host:port` that it is bound to, with the real port where 0 was asked for. */
  address: string;
  /** Presents another certificate to those who connect from now on. Throws for a server without TLS. */
  setCertificate(certificate: ServingCertificate): void;
  close(): Promise<void>;
}

/** That an address can't be served at. The message is for the person at the terminal. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** What is wrong, by the code of the system. */
const listenFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there',
  EACCES: 'This user is not allowed to listen there',
  EADDRNOTAVAIL: 'This machine does not have that address',
};

/** Connections at the same time. The one that has been open the longest gives way to a new one. */
const mostConnections = 128;
/** How long a client may take for its TLS handshake, and for the headers and the whole of its request. */
const [handshakeMs, headersMs, requestMs] = durations.observability.clientMs;
/** How long an answer may take, so that a client that doesn't read holds nothing. */
const answerMs = durations.observability.answerMs;

/**
 * Starts a server: with TLS if there is a certificate. An empty host means every address.
 *
 * Anybody who reaches the port can open connections. A client that is slow loses its own connection in time, and many
 * connections push each other out, the oldest first, so that the kubelet's probe and the scraper get their turn.
 *
 * @throws ListenError when the address is taken or can't be used
 */
export async function listen(
  handler: RequestListener,
  at: { host: string; port: number },
  certificate?: ServingCertificate,
): Promise<Listening> {
  // By default Node.js looks for slow clients every 30 s only.
  const limits = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: 1_000,
  };
  const answer: RequestListener = (request, response) => {
    response.setTimeout(answerMs, () => response.destroy());
    handler(request, response);
  };
  const tls = certificate && {
    ...certificate,
    minVersion: 'TLSv1.2' as const,
    handshakeTimeout: handshakeMs,
  };
  const server = tls ? createHttpsServer({ ...limits, ...tls }, answer) : createServer(limits, answer);
  makeRoom(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, at) ?? error));
    server.listen(at.port, at.host || undefined, resolve);
  });
  return {
    address: boundAddress(server),
    setCertificate(next) {
      if (!('setSecureContext' in server)) throw new TypeError('The server has no TLS.');
      server.setSecureContext({ ...next, minVersion: 'TLSv1.2' });
    },
    close: () => close(server),
  };
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): ListenError | undefined {
  const fault = ownMember(listenFaults, error.code ?? '');
  if (fault === undefined) return undefined;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new ListenError(
    `Can't listen at ${where}. ${fault}: choose another address with --metrics-address or --probe-address.`,
    { cause: error },
  );
}

function makeRoom(server: Server | HttpsServer): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > mostConnections) oldest?.destroy();
  });
}

function boundAddress(server: Server | HttpsServer): string {
  const bound = server.address();
  // A string is for pipes only: https://nodejs.org/api/net.html#serveraddress
  if (bound === null || typeof bound === 'string') throw new TypeError('The server does not listen on TCP.');
  const { address, port, family } = bound;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function close(server: Server | HttpsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
