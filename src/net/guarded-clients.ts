import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type Contact,
  createCircuitBreaker,
} from './circuit-breaker.ts';
import { createHostSlots } from './host-slots.ts';
import type { HttpClient } from './http-client.ts';
import type { HttpClients } from './http-clients.ts';
import { NetError } from './net-error.ts';

/** Options for {@link guardClients}. */
export interface GuardOptions extends CircuitBreakerOptions {
  /** Requests to one host at the same time. */
  perHost: number;
  /** How long all requests to a host may take before further ones are refused; 2 s by default. */
  patienceMs?: number;
}

/**
 * Keeps hosts that hang from holding up the others: all clients of the pool together send a host few requests at a time,
 * none wait for a host that does not get on, and after several timeouts in a row it is left alone for a while. What is
 * refused so fails at once, with `HostBusy` or `HostPaused`, and nothing was sent.
 */
export function guardClients(clients: HttpClients, options: GuardOptions): HttpClients {
  const { perHost, patienceMs = 2_000, ...breaking } = options;
  const breaker = createCircuitBreaker(breaking);
  const slots = createHostSlots({ perHost, patienceMs, now: () => performance.now() });

  async function guarded<T>(
    url: string | URL,
    signal: AbortSignal | null | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    if (!URL.canParse(String(url))) return send();
    const { host: server, hostname: name } = new URL(url);
    refusePaused(server, name, breaker);
    const release = await slots.take(server, signal ?? undefined).catch(() => {
      throw givenUp(name);
    });
    if (release === undefined) throw busy(name);
    try {
      // It may have come to a pause while this request waited.
      refusePaused(server, name, breaker);
      return await observed(server, breaker, send);
    } finally {
      release();
    }
  }

  const guard = (client: HttpClient): HttpClient => ({
    request: (request) => guarded(request.url, request.signal, () => client.request(request)),
    fetch: (input, init) => {
      const [url, own] = input instanceof Request ? [input.url, input.signal] : [input, undefined];
      return guarded(url, init?.signal ?? own, () => client.fetch(input, init));
    },
    close: () => client.close(),
  });
  return { get: (profile) => guard(clients.get(profile)), close: () => clients.close() };
}

async function observed<T>(server: string, breaker: CircuitBreaker, send: () => Promise<T>): Promise<T> {
  breaker.started(server);
  try {
    const answer = await send();
    breaker.ended(server, 'answered');
    return answer;
  } catch (error) {
    breaker.ended(server, contactOf(error));
    throw error;
  }
}

function contactOf(error: unknown): Contact {
  if (!(error instanceof NetError)) return 'unknown';
  if (error.kind === 'Timeout') return 'timedOut';
  // A broken connection or an answer that makes no sense: whatever it was, it was there in time.
  return error.requestSent && error.kind !== 'Aborted' ? 'answered' : 'unknown';
}

function refusePaused(server: string, host: string, breaker: CircuitBreaker): void {
  const retryAtMs = breaker.pausedUntilMs(server);
  if (retryAtMs === undefined) return;
  throw new NetError({
    kind: 'HostPaused',
    message: `${host} did not answer several times in a row, so it is left alone for a while.`,
    hint: 'It is asked again by itself within minutes; check the server and the network before it.',
    host,
    requestSent: false,
    retryAtMs,
  });
}

function busy(host: string): NetError {
  return new NetError({
    kind: 'HostBusy',
    message: `${host} has not answered earlier requests yet, so no more are sent for now.`,
    hint: 'It will be tried again; check the load of the server if it stays so.',
    host,
    requestSent: false,
  });
}

function givenUp(host: string): NetError {
  return new NetError({
    kind: 'Aborted',
    message: `The request to ${host} was given up.`,
    hint: 'It will be tried again.',
    host,
    requestSent: false,
  });
}
