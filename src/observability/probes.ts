import { createServer, type RequestListener, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';

/** A small HTTP server that is up. */
export interface Listening {
  /** `host:port` that it is bound to, with the real port where 0 was asked for. */
  address: string;
  close(): Promise<void>;
}

/** What the probes ask. Each answers at once: a probe that waits is a probe that fails. */
export interface Health {
  /** False: the process is beyond help and should be started anew. */
  alive: () => boolean;
  /** False: not yet, or not any more, at work. */
  ready: () => boolean;
}

/** Answers `/healthz` and `/readyz` with 200 `ok` or 503 `not ok`, as the kubelet expects. */
export function probeHandler(health: Health): RequestListener {
  return (request, response) => {
    const checks: Record<string, () => boolean> = { '/healthz': health.alive, '/readyz': health.ready };
    const check = checks[request.url?.split('?')[0] ?? ''];
    if (!check) return void response.writeHead(404).end();
    const good = check();
    response.writeHead(good ? 200 : 503, { 'content-type': 'text/plain' }).end(good ? 'ok' : 'not ok');
  };
}

/** Answers `/metrics` with the pieces of text, compressed for those who can read that, as Prometheus can. */
export function metricsHandler(contentType: string, text: () => AsyncIterable<string>): RequestListener {
  return (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end();
    const compresses = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    response.setHeader('content-type', contentType);
    if (compresses) response.setHeader('content-encoding', 'gzip');
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    const sent = compresses
      ? pipeline(Readable.from(text()), gzip, response)
      : pipeline(Readable.from(text()), response);
    // The scraper went away, or the text could not be made: the connection is broken off, which tells it.
    sent.catch(() => response.destroy());
  };
}

/** Starts a server. An empty host means every address. */
export async function listen(
  handler: RequestListener,
  at: { host: string; port: number },
): Promise<Listening> {
  const server = createServer(handler);
  // A scraper that is slow to send its request may not hold a socket for ever.
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host || undefined, resolve);
  });
  return { address: boundAddress(server), close: () => close(server) };
}

function boundAddress(server: Server): string {
  const bound = server.address();
  // A string is for pipes only: https://nodejs.org/api/net.html#serveraddress
  if (bound === null || typeof bound === 'string') throw new TypeError('The server does not listen on TCP.');
  const { address, port, family } = bound;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
