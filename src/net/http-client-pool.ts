import { createHash } from 'node:crypto';
import { createTenantCache } from '../lib/tenant-cache.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { NetError } from './net-error.ts';

/** For whom requests are sent. */
export interface Owner {
  /** The namespace that asks; undefined for what a connection of the cluster asks on behalf of all. */
  namespace?: string | undefined;
  /** The UID of the connection through which it asks. */
  connection: string;
}

/** What distinguishes the clients of a pool. */
export interface ClientProfile extends Pick<HttpClientOptions, 'policy' | 'ca'> {
  owner: Owner;
  /** The namespace that chose the policy or the trust, which this client is kept for; undefined: the cluster did. */
  chosenBy?: string | undefined;
}

/** Clients that share connections where they have the same policy and trust. */
export interface HttpClientPool {
  /**
   * A client for a profile. It may be kept for as long as wanted: its connections are closed when they were not used
   * for long and there are too many, and made again when they are needed. Its own `close` does nothing. A namespace
   * that has too many closes its own.
   *
   * @throws {CaBundleError} if `ca` holds something else than certificates.
   */
  get(profile: ClientProfile): HttpClient;
  /** Closes all connections for good; resolves when the running requests are over. */
  close(): Promise<void>;
}

/** Options for {@link createHttpClientPool}: what all clients have in common. */
export interface HttpClientPoolOptions extends Omit<HttpClientOptions, 'policy' | 'ca' | 'ownCa'> {
  /** PEM certificates that every client trusts, in addition to those of its profile. */
  ca?: readonly string[];
  /** Most memory that clients take, in all and for one namespace; 96 and 12 MiB by default. */
  maxBytes?: number;
  maxBytesPerTenant?: number;
}

const MiB = 1024 * 1024;
/** A client with some open connections. */
const bytesOfClient = 0.125 * MiB;
/** A separate TLS context: Node's roots, and what is trusted in addition, measured per byte of PEM. */
const bytesOfContext = 1.3 * MiB;
const bytesPerByteOfTrust = 10;

interface Live {
  client: HttpClient;
  bytes: number;
}

/** Creates a pool of clients. */
export function createHttpClientPool(options: HttpClientPoolOptions): HttpClientPool {
  const { ca: commonCa = [], maxBytes = 96 * MiB, maxBytesPerTenant = 12 * MiB, ...common } = options;
  const live = createTenantCache<Live>({
    max: maxBytes,
    maxPerTenant: maxBytesPerTenant,
    weightOf: ({ bytes }) => bytes,
    // Its running requests end as usual, and are not waited for.
    onEvict: ({ client }) => void client.close(),
  });
  let closed = false;

  function use(key: string, { policy, ca = [], chosenBy = '' }: ClientProfile): HttpClient {
    if (closed) throw stopped();
    const existing = live.get(chosenBy, key);
    if (existing) return existing.client;
    const client = createHttpClient({ ...common, policy, ca: [...commonCa, ...ca], ownCa: ca.length > 0 });
    live.set(chosenBy, key, { client, bytes: bytesFor(ca) });
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
      if (closed) return;
      closed = true;
      await Promise.all(Array.from(live.values(), ({ client }) => client.close()));
    },
  };
}

function bytesFor(ca: readonly string[]): number {
  if (ca.length === 0) return bytesOfClient;
  const length = ca.reduce((sum, text) => sum + text.length, 0);
  return bytesOfClient + bytesOfContext + bytesPerByteOfTrust * length;
}

function keyOf({ policy, ca = [] }: ClientProfile): string {
  const {
    allowedHosts,
    allowPrivateNetworks,
    allowHttp = false,
    listedPortsOnly = false,
  } = policy satisfies EgressPolicy;
  const parts = [allowedHosts.toSorted(), allowPrivateNetworks, allowHttp, listedPortsOnly, ca.toSorted()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function stopped(): NetError {
  return new NetError({
    kind: 'Aborted',
    message: 'The request came while the program was being stopped.',
    hint: 'The operator retries.',
    host: '',
    requestSent: false,
  });
}
