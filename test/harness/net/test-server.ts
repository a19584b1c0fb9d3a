import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSharedTrust } from '../../../src/net/ca-bundle.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../../src/net/http-client.ts';
import { NetError } from '../../../src/net/net-error.ts';
import { stretched } from '../pace.ts';
import { createCertificateAuthority } from '../pki/certificate-authority.ts';

/** Answers a request of a test. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A TLS server on this machine for tests, that all names ending in `.test` lead to. */
export interface TestServer {
  server: Server;
  port: number;
  /** Answers `{"ok":true}` until a test sets its own. */
  handler: Handler;
  requests: IncomingMessage[];
  url(path?: string, host?: string): string;
  /** A client that trusts the server and finds it; closed with the server. */
  clientWith(options?: Partial<HttpClientOptions>): HttpClient;
  close(): Promise<void>;
}

/** The authority that test servers' certificates come from. */
export const authority = await createCertificateAuthority();
const trustFor = createSharedTrust();
const certificate = await authority.issue({ hosts: ['git.test', 'other.test', '127.0.0.1'] });

/** Starts a server on a free port. */
export async function startTestServer(): Promise<TestServer> {
  const clients: HttpClient[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer({ ...certificate }, (request, response) => {
    requests.push(request);
    started.handler(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
  const { port } = address;
  const started: TestServer = {
    server,
    port,
    requests,
    handler: (_request, response) => json(response, { ok: true }),
    url: (path = '/', host = 'git.test') => `https://${host}:${port}${path}`,
    clientWith: (options = {}) => {
      const client = createHttpClient({
        policy: { allowedHosts: ['*.test'], allowPrivateNetworks: true },
        ca: [authority.pem],
        trustFor,
        timeoutMs: stretched(5_000),
        maxBodyBytes: 10_000,
        userAgent: 'test/1',
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
        ...options,
      });
      clients.push(client);
      return client;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
  return started;
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The NetError that `work` fails with. */
export async function failure(work: Promise<unknown>): Promise<NetError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NetError)) throw new Error('expected a NetError', { cause: error });
  return error;
}

/** All that could be printed of an error, causes and own properties included. */
export function everythingIn(error: unknown): string {
  const seen: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) {
    seen.push(String(link.stack), JSON.stringify(link, Object.getOwnPropertyNames(link)));
  }
  return seen.join('\n');
}
