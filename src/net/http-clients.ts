import { createHash } from 'node:crypto';
import type { EgressPolicy } from './egress-policy.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { NetError } from './net-error.ts';

/** What tells clients of a pool apart. */
type ClientProfile = Pick<HttpClientOptions, 'policy' | 'ca'>;

/** Clients that share connections where they have the same policy and trust. */
export interface HttpClients {
  /**
   * A client for a profile. It may be kept for as long as wanted: its connections are closed when they were not used for
   * long and there are too many, and made again when they are needed. Its own `close` does nothing.
   *
   * @throws {CaBundleError} if `ca` holds something else than certificates.
   */
  get(profile: ClientProfile): HttpClient;
  /** Closes all connections for good; resolves when the running requests are over. */
  close(): Promise<void>;
}

/** Options for {@link createHttpClients}: what all clients have in common. */
export interface HttpClientsOptions extends Omit<HttpClientOptions, 'policy' | 'ca' | 'ownCa'> {
  /** PEM certificates that every client trusts, beside those of its profile. */
  ca?: readonly string[];
  /** For how many profiles connections are kept; 256 by default. */
  maxClients?: number;
}

const defaultMaxClients = 256;

/** Creates a pool of clients. */
export function createHttpClients(options: HttpClientsOptions): HttpClients {
  const { ca: commonCa = [], maxClients = defaultMaxClients, ...common } = options;
  /** Least recently used first. */
  const live = new Map<string, HttpClient>();
  let closed = false;

  function use(key: string, { policy, ca = [] }: ClientProfile): HttpClient {
    if (closed) throw stopped();
    const client =
      live.get(key) ??
      createHttpClient({ ...common, policy, ca: [...commonCa, ...ca], ownCa: ca.length > 0 });
    live.delete(key);
    live.set(key, client);
    for (const [oldest, unused] of live) {
      if (live.size <= maxClients) break;
      live.delete(oldest);
      // Its running requests end as usual; nobody has to wait for them.
      void unused.close();
    }
    return client;
  }

  return {
    get: (profile) => {
      const key = keyOf(profile);
      use(key, profile);
      return {
        request: async (request) => use(key, profile).request(request),
        fetch: async (input, init) => use(key, profile).fetch(input, init),
        close: async () => {},
      };
    },
    close: async () => {
      closed = true;
      const closing = [...live.values()].map((client) => client.close());
      live.clear();
      await Promise.all(closing);
    },
  };
}

function keyOf({ policy, ca = [] }: ClientProfile): string {
  const { allowedHosts, allowPrivateNetworks, allowHttp = false } = policy satisfies EgressPolicy;
  const parts = [allowedHosts.toSorted(), allowPrivateNetworks, allowHttp, ca.toSorted()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function stopped(): NetError {
  return new NetError({
    kind: 'Aborted',
    message: 'The request came while the program was being stopped.',
    hint: 'It will be tried again.',
    host: '',
    requestSent: false,
  });
}
