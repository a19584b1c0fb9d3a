import { systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { registrableHost } from './address.ts';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type Contact,
  createCircuitBreaker,
} from './circuit-breaker.ts';
import type { Handshakes } from './handshakes.ts';
import type { HttpClient } from './http-client.ts';
import type { ClientProfile, HttpClientPool, Owner } from './http-client-pool.ts';
import { NetError } from './net-error.ts';
import { createShares, type Share } from './shares.ts';

/** Bounds and watches all requests that leave the process, whatever they are for. */
export interface Guard {
  /** Requests under way. */
  readonly running: number;
  /** @throws NetError `HostBusy`, `HostPaused`, `Aborted` when it does not send; what sending throws */
  run<T>(request: GuardedRequest, send: () => Promise<T>): Promise<T>;
}

/** A request that wants to go out. */
interface GuardedRequest {
  url: URL;
  owner: Owner;
  limits: ServerLimits;
  signal: AbortSignal | undefined;
}

/** What differs between kinds of servers. */
export interface ServerLimits {
  /** Requests of one owner to one server at the same time. */
  maxPerServer: number;
  /** Whether requests to a server that times out several times in a row are paused. */
  pauses: boolean;
}

/** Options for {@link createGuard}. */
export interface GuardOptions extends CircuitBreakerOptions {
  /** Requests at the same time, all together; 256 by default. */
  capacity?: number;
  /** How long requests in the way may take before further ones are refused; 2 s by default. */
  patienceMs?: number;
  /** What bounds the TLS handshakes of the clients that are guarded; by default nothing does. */
  handshakes?: Pick<Handshakes, 'for'>;
}

/**
 * Which part of what is left a group may have under way. With 256 in all, a namespace on its own gets 29, a server 52,
 * a connection and a registrable host 110; the more others are busy, the less. So there is always room for one that has
 * nothing under way. A server has less than its connection and its host: when it hangs, the others of these go on.
 */
const parts = { namespace: 1 / 8, server: 1 / 4, connection: 3 / 4, host: 3 / 4, namespaceAtHost: 1 / 16 };

/**
 * Creates the guard. Each request counts for its namespace, its connection, its server (host and port), and the
 * registrable host of that, whatever the port or sub-domain; each has a share that leaves room for the others. Of those
 * that wait for a place, namespaces take turns, and none waits for requests that do not get on.
 *
 * The circuit breaker belongs to the owner and the server: what a tenant asks, or at which port, may be what hangs, so
 * its timeouts say nothing to others.
 */
export function createGuard(options: GuardOptions): Guard {
  const { capacity = 256, patienceMs = durations.net.roomPatienceMs, handshakes, ...breaking } = options;
  const breaker = createCircuitBreaker(breaking);
  const shares = createShares({ capacity, patienceMs, clock: systemClock });

  return {
    get running() {
      return shares.running;
    },
    async run({ url, owner, limits, signal }, ask) {
      const { host: server, hostname } = url;
      const tenant = tenantOf(owner);
      const send = () => (handshakes ? handshakes.for(tenant, ask) : ask());
      const circuit = { tenant, server, host: hostname };
      if (limits.pauses) refusePaused(circuit, breaker);
      const ofThisRequest = sharesOf(server, hostname, owner, limits);
      const release = await shares.take(tenant, ofThisRequest, signal).catch(() => {
        throw givenUp(hostname);
      });
      if (typeof release !== 'function') throw busy(hostname, release);
      try {
        if (!limits.pauses) return await send();
        // It may have come to a pause while this request waited.
        refusePaused(circuit, breaker);
        return await observed(circuit, breaker, send);
      } finally {
        release();
      }
    },
  };
}

/** Has all requests of the clients go through the guard. What it refuses fails at once, and nothing was sent. */
export function guardClients(clients: HttpClientPool, guard: Guard, limits: ServerLimits): HttpClientPool {
  function guarded<T>(
    url: string | URL,
    owner: Owner,
    signal: AbortSignal | null | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    if (!URL.canParse(String(url))) return send();
    return guard.run({ url: new URL(url), owner, limits, signal: signal ?? undefined }, send);
  }

  const guardOne = (client: HttpClient, { owner }: ClientProfile): HttpClient => ({
    request: (request) => guarded(request.url, owner, request.signal, () => client.request(request)),
    fetch: (input, init) => {
      const [url, ofThisRequest] = input instanceof Request ? [input.url, input.signal] : [input, undefined];
      return guarded(url, owner, init?.signal ?? ofThisRequest, () => client.fetch(input, init));
    },
    close: () => client.close(),
  });
  return {
    get: (profile) => guardOne(clients.get(profile), profile),
    close: () => clients.close(),
  };
}

/** Who takes turns, and whose timeouts count: a namespace; a connection for what it asks on behalf of all. */
function tenantOf({ namespace, connection }: Owner): string {
  return namespace === undefined ? `connection ${connection}` : `namespace ${namespace}`;
}

/** A share, and whether it is one of a server or host. */
interface NamedShare extends Share {
  ofHost: boolean;
}

function sharesOf(
  server: string,
  hostname: string,
  owner: Owner,
  { maxPerServer }: ServerLimits,
): readonly NamedShare[] {
  const tenant = tenantOf(owner);
  const host = registrableHost(hostname);
  const share = (ofHost: boolean, of: number, ...name: string[]): NamedShare => {
    return { name: JSON.stringify(name), ofHost, most: (left) => left * of };
  };
  const shares = [
    { name: JSON.stringify(['own', tenant, server]), ofHost: true, most: () => maxPerServer },
    share(true, parts.server, 'server', server),
    share(true, parts.host, 'host', host),
    share(false, parts.connection, 'connection', owner.connection),
  ];
  if (owner.namespace === undefined) return shares;
  return [
    ...shares,
    share(false, parts.namespace, 'namespace', owner.namespace),
    share(true, parts.namespaceAtHost, 'namespace at host', owner.namespace, host),
  ];
}

/** A server as one owner sees it. */
interface Circuit {
  tenant: string;
  server: string;
  /** Its name without port, for sentences. */
  host: string;
}

async function observed<T>(
  { tenant, server }: Circuit,
  breaker: CircuitBreaker,
  send: () => Promise<T>,
): Promise<T> {
  breaker.started(tenant, server);
  try {
    const answer = await send();
    breaker.ended(tenant, server, 'answered');
    return answer;
  } catch (error) {
    breaker.ended(tenant, server, contactOf(error));
    throw error;
  }
}

function contactOf(error: unknown): Contact {
  if (!(error instanceof NetError)) return 'unknown';
  if (error.kind === 'Timeout') return 'timedOut';
  // A broken connection or an answer that makes no sense: whatever it was, it was there in time.
  return error.requestSent && error.kind !== 'Aborted' ? 'answered' : 'unknown';
}

function refusePaused({ tenant, server, host }: Circuit, breaker: CircuitBreaker): void {
  const retryAtMs = breaker.pausedUntilMs(tenant, server);
  if (retryAtMs === undefined) return;
  throw new NetError({
    kind: 'HostPaused',
    message: `${host} failed to respond several times in a row, so requests to it are paused.`,
    hint: 'The operator retries within two minutes; check the server and the network path to it.',
    host,
    requestSent: false,
    retryAtMs,
  });
}

function busy(host: string, { ofHost = false }: Partial<NamedShare>): NetError {
  return new NetError({
    kind: 'HostBusy',
    message: ofHost
      ? `${host} has not answered earlier requests yet, so no more are sent for now.`
      : `Other servers have not answered earlier requests yet, so ${host} is not asked for now.`,
    hint: ofHost
      ? 'The operator retries; if this persists, check the load of the server.'
      : 'The operator retries; if this persists, check the other servers that this namespace or connection uses.',
    host,
    requestSent: false,
  });
}

function givenUp(host: string): NetError {
  return new NetError({
    kind: 'Aborted',
    message: `The request to ${host} was given up.`,
    hint: 'The operator retries.',
    host,
    requestSent: false,
  });
}
