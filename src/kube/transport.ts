import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { bounds } from '../lib/bounds.ts';
import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { orAbort, startDeadline } from '../lib/deadline.ts';
import { fence } from '../lib/fence.ts';
import { basePathOf, type KubeConnection, type KubeCredentials, type TlsSettings } from './connection.ts';
import { FENCED, KubeStatusError, KubeTransportError, statusErrorFrom, toTransportError } from './errors.ts';

/** One request to the API server. */
export interface KubeRequest {
  /** Completes "Could not …" and "refused to …", e.g. `get secrets team-a/token`. */
  what: string;
  verb: string;
  resource: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** For the whole call, waits and retries included. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** One finished request. */
export interface RequestOutcome {
  verb: string;
  resource: string;
  method: string;
  /** Without the query. */
  url: string;
  /** 0 when there was no answer. */
  code: number;
  durationMs: number;
}

/** What the transport counts; every callback is optional. */
export interface ClientMetrics {
  request?(outcome: RequestOutcome): void;
  /** A read is retried. */
  retried?(reason: 'throttled' | 'reset'): void;
}

/** Sends requests to one API server, with credentials, retries of reads, and deadlines. */
export interface Transport {
  /**
   * Sends and reads the answer, which is JSON.
   *
   * @param maxBytes a longer one is refused, with a KubeTransportError of kind TooLarge
   * @throws KubeStatusError, KubeTransportError, or the signal's reason
   */
  call(request: KubeRequest, maxBytes?: number): Promise<Uint8Array>;
  /** Sends and gives the answer's bytes as they come. The caller's signal ends it. Errors as for `call`. */
  stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Options for {@link createTransport}. */
export interface TransportOptions {
  connection: KubeConnection;
  userAgent: string;
  metrics?: ClientMetrics;
  /** Asked right before a write goes out; false refuses it (`Fenced`). Default: always true. */
  mayWrite?: () => boolean;
  /** For deadlines and waits. The limits of a connection (60 s for headers) go by the real clock. */
  clock?: Clock;
}

interface Pools {
  tls: string;
  calls: Dispatcher;
  watches: Dispatcher;
}

/** A throttled read is retried this often before the caller hears of it. */
const maxRetries = 3;

/** So many sets of pools are kept that are of no use for new requests. */
const maxRetired = 3;

/**
 * The one door to the API server: two connection pools that all callers share. Watches have their own, so that
 * calls never wait for them. client-node would open a connection per request
 * (https://github.com/kubernetes-client/javascript/issues/2893). HTTP/2 is off, as one stalled session
 * would stall everything and undici does not notice a missing PONG.
 */
export function createTransport(options: TransportOptions): Transport {
  const { connection, userAgent, metrics, mayWrite = () => true, clock = systemClock } = options;
  const basePath = basePathOf(connection.server);
  const retired: Pools[] = [];
  let pools: Pools | undefined;

  /** Pools are tied to the CA and the client certificate; when these change, new ones replace them. */
  function poolsFor(tls: TlsSettings): Pools {
    const key = JSON.stringify(tls);
    if (pools?.tls === key) return pools;
    if (pools !== undefined) retire(pools);
    pools = {
      tls: key,
      calls: createPool(connection.proxyUrl, tls, 60_000).compose(
        fence((method) => method !== 'GET' && !mayWrite(), refusedByFence),
      ),
      watches: createPool(connection.proxyUrl, tls, 0),
    };
    return pools;
  }

  /**
   * What runs goes on, and idle connections close when they time out. undici forgets the connections of a pool that it
   * was asked to close, so only old pools are closed, whose watches are finished.
   */
  function retire(old: Pools): void {
    retired.push(old);
    if (retired.length <= maxRetired) return;
    const oldest = retired.shift();
    for (const pool of [oldest?.calls, oldest?.watches]) pool?.close().catch(() => {});
  }

  async function sendOnce(
    request: KubeRequest,
    kind: 'calls' | 'watches',
    credentials: KubeCredentials,
  ): Promise<Dispatcher.ResponseData> {
    return poolsFor(credentials.tls)[kind].request({
      origin: connection.server.origin,
      path: basePath + request.path,
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...credentials.headers,
        ...request.headers,
      },
      body: request.body ?? null,
      signal: request.signal,
    });
  }

  /** Sends; after a 401 reads the credentials again and sends once more (a 401 means nothing was done). */
  async function send(request: KubeRequest, kind: 'calls' | 'watches'): Promise<Dispatcher.ResponseData> {
    const started = clock.now();
    let code = 0;
    try {
      const credentials = await orAbort(connection.credentials(), request.signal);
      let response = await sendOnce(request, kind, credentials);
      if (response.statusCode === 401) {
        // When there are none, the 401 is the answer.
        const refreshed = connection.refresh(credentials).catch(() => credentials);
        const renewed = await orAbort(refreshed, request.signal);
        if (renewed !== credentials) {
          await response.body.dump();
          response = await sendOnce(request, kind, renewed);
        }
      }
      code = response.statusCode;
      return response;
    } finally {
      const { verb, resource, method } = request;
      const url = connection.server.origin + basePath + request.path.split('?', 1)[0];
      metrics?.request?.({ verb, resource, method, url, code, durationMs: clock.now() - started });
    }
  }

  async function callOnce(request: KubeRequest, maxBytes: number): Promise<Uint8Array> {
    try {
      const response = await send(request, 'calls');
      if (isSuccess(response)) return await readBytes(response.body, maxBytes, request.what);
      throw await failureOf(request.what, response);
    } catch (error) {
      request.signal.throwIfAborted();
      throw toTransportError(request.what, error);
    }
  }

  async function call(request: KubeRequest, maxBytes: number): Promise<Uint8Array> {
    const endsAt = clock.now() + request.timeoutMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await callOnce(request, maxBytes);
      } catch (error) {
        const waitMs =
          request.method === 'GET' && attempt < maxRetries ? retryDelay(error, attempt) : undefined;
        if (waitMs === undefined || clock.now() + waitMs >= endsAt) throw error;
        metrics?.retried?.(error instanceof KubeStatusError ? 'throttled' : 'reset');
        await sleep(waitMs, request.signal, clock);
        request.signal.throwIfAborted();
      }
    }
  }

  return {
    async call(request, maxBytes = bounds.kubeObject.maxBytes) {
      const tooLate = (): Error => new KubeTransportError(request.what, 'Timeout');
      const deadline = startDeadline(request.timeoutMs, { parent: request.signal, reason: tooLate, clock });
      try {
        return await call({ ...request, signal: deadline.signal }, maxBytes);
      } finally {
        deadline.stop();
      }
    },

    async stream(request) {
      try {
        const response = await send(request, 'watches');
        if (isSuccess(response)) return response.body;
        throw await failureOf(request.what, response);
      } catch (error) {
        request.signal.throwIfAborted();
        throw toTransportError(request.what, error);
      }
    },

    async close() {
      // The pools stay, so that later calls meet a destroyed pool and don't open a new one.
      const all = pools === undefined ? [...retired] : [...retired, pools];
      await Promise.all(all.flatMap((each) => [each.calls.destroy(), each.watches.destroy()]));
    },
  };
}

function createPool(proxyUrl: string | undefined, tls: TlsSettings, bodyTimeout: number): Dispatcher {
  const options = {
    connections: 64,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 60_000,
    bodyTimeout,
    keepAliveTimeout: 30_000,
  };
  // A peer that vanished is noticed after 30 s, before load balancers drop an idle connection at 60 s.
  const socket = {
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    timeout: 10_000,
    // Node would give up each of several addresses but the last after 250 ms.
    autoSelectFamilyAttemptTimeout: 3_000,
    allowH2: false,
  };
  return proxyUrl === undefined
    ? new Agent({ ...options, connect: { ...socket, ...tls } })
    : new ProxyAgent({ ...options, uri: proxyUrl, connect: socket, requestTls: { ...socket, ...tls } });
}

function isSuccess(response: Dispatcher.ResponseData): boolean {
  return response.statusCode >= 200 && response.statusCode < 300;
}

async function readBytes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // An exception ends the loop, and that ends the connection.
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new KubeTransportError(what, 'TooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

async function failureOf(what: string, response: Dispatcher.ResponseData): Promise<KubeStatusError> {
  const retryAfterMs = retryAfter(response.headers['retry-after']);
  const body: unknown = await response.body.json().catch(() => undefined);
  return statusErrorFrom(what, response.statusCode, body, retryAfterMs);
}

/** The API server sends whole seconds; the date form of the header is not used and is ignored. */
function retryAfter(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** How long to wait before a read is sent again, or undefined if it is not to be. */
function retryDelay(error: unknown, attempt: number): number | undefined {
  // The server closed an idle connection just as the request was put on it.
  if (error instanceof KubeTransportError && error.kind === 'Reset' && attempt === 0) return 0;
  if (!(error instanceof KubeStatusError)) return undefined;
  if (error.code === 429) return error.retryAfterMs ?? 1000;
  return error.code >= 500 ? error.retryAfterMs : undefined;
}

function refusedByFence(): Error {
  return Object.assign(new Error('Refused by the fence.'), { code: FENCED });
}
