import { request } from 'node:https';

/** What `/metrics` answered. */
export interface Scraped {
  status: number;
  body: string;
  /** SHA-256 fingerprint of the certificate that the server presented. */
  fingerprint: string;
}

export interface ScrapeOptions {
  /** The whole header Authorization. */
  authorization?: string;
  /** A root to verify the server with, PEM. Without one it is not verified. */
  ca?: string;
  /** Default `GET`. */
  method?: string;
}

/** Asks for `/metrics` over TLS on its own connection. @throws Error when there is no answer within 20 s */
export function scrape(address: string, { authorization, ca, method }: ScrapeOptions = {}): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    const asked = request(`https://${address}/metrics`, {
      agent: false,
      timeout: 20_000,
      ...(method !== undefined && { method }),
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    let fingerprint = '';
    asked.on('socket', (socket) => {
      socket.once('secureConnect', () => {
        if ('getPeerX509Certificate' in socket && typeof socket.getPeerX509Certificate === 'function')
          fingerprint = String(socket.getPeerX509Certificate()?.fingerprint256);
      });
    });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), fingerprint });
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('No answer of /metrics in time.')));
    asked.on('error', reject);
    asked.end();
  });
}
