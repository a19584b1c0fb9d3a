import { createHash } from 'node:crypto';
import type { EgressPolicy } from './egress-policy.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';

/** What tells clients of a pool apart. */
export type ClientProfile = Pick<HttpClientOptions, 'policy' | 'ca'>;

/** Clients shared by all who need the same policy and trust. */
export interface HttpClients {
  /**
   * The client for a profile. Ask again for each piece of work rather than keep it: one that was not asked for in a
   * while is closed when there are too many.
   *
   * @throws {CaBundleError} if `ca` holds something else than certificates.
   */
  get(profile: ClientProfile): HttpClient;
  /** Closes all clients. */
  close(): Promise<void>;
}

/** Options for {@link createHttpClients}: what all clients have in common. */
export interface HttpClientsOptions extends Omit<HttpClientOptions, 'policy' | 'ca'> {
  /** PEM certificates that every client trusts, beside those of its profile. */
  ca?: readonly string[];
  /** How many clients are kept at most; 256 by default. */
  maxClients?: number;
}

const defaultMaxClients = 256;

/** Creates a pool of clients; the least recently used is closed when there are more than `maxClients`. */
export function createHttpClients(options: HttpClientsOptions): HttpClients {
  const { ca: commonCa = [], maxClients = defaultMaxClients, ...common } = options;
  const clients = new Map<string, HttpClient>();

  return {
    get: (profile) => {
      const key = keyOf(profile);
      const client =
        clients.get(key) ??
        createHttpClient({ ...common, policy: profile.policy, ca: [...commonCa, ...(profile.ca ?? [])] });
      clients.delete(key);
      clients.set(key, client);
      for (const [oldest, unused] of clients) {
        if (clients.size <= maxClients) break;
        clients.delete(oldest);
        void unused.close();
      }
      return client;
    },
    close: async () => {
      const closing = [...clients.values()].map((client) => client.close());
      clients.clear();
      await Promise.all(closing);
    },
  };
}

function keyOf({ policy, ca = [] }: ClientProfile): string {
  const { allowedHosts, allowPrivateNetworks, allowHttp = false } = policy satisfies EgressPolicy;
  const parts = [[...allowedHosts].toSorted(), allowPrivateNetworks, allowHttp, [...ca].toSorted()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
