import { createServer, request } from 'node:http';
import { deadline } from '../../pace.ts';
import type { Peer } from '../peer.ts';

export interface Reply {
  status: number;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export interface AskOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Default 5000. */
  timeoutMs?: number;
}

/** A peer on a plain local port, for the peers' own tests: no TLS, the real name travels in `Host`. */
export interface PeerPort {
  /** `url` is the real one (`https://api.github.com/user`). */
  ask(url: string, options?: AskOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** Serves `peer` on 127.0.0.1 until `close`, which closes the peer too. */
export async function openPeer(peer: Peer): Promise<PeerPort> {
  const server = createServer(peer.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The server has no port');
  }
  const { port } = address;
  return {
    ask: (url, options = {}) => ask(port, new URL(url), options),
    async close() {
      await peer.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function ask(port: number, url: URL, options: AskOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        path: url.pathname + url.search,
        method: options.method ?? 'GET',
        headers: { host: url.host, 'user-agent': 'peer-test', ...options.headers },
        agent: false,
        signal: deadline(options.timeoutMs ?? 5000),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const headers = Object.fromEntries(
            Object.entries(response.headersDistinct).map(([name, values]) => [name, values?.join(', ')]),
          );
          resolve({ status: response.statusCode ?? 0, headers, text, json: () => JSON.parse(text) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}
