import { systemClock } from '../lib/clock.ts';
import { durations } from '../lib/durations.ts';
import { createSharedTrust, type TrustFor } from './ca-bundle.ts';
import { createDispatchers } from './dispatchers.ts';
import { checkUrl, type EgressPolicy, hostOf, type Resolve } from './egress-policy.ts';
import { exchange, type Incoming, type Outgoing } from './exchange.ts';
import type { Handshakes } from './handshakes.ts';
import { type HttpHeaders, requestHeaders, responseHeaders } from './headers.ts';
import { parseJson, requireCheapJson, requireJson } from './json-answer.ts';
import { NetError, type NetErrorKind } from './net-error.ts';
import type { ProxySettings } from './proxy.ts';

/** A request. Everything but the URL has a default. */
interface HttpRequest {
  /** `GET` by default. */
  method?: string;
  url: URL | string;
  /** `accept` and, with a body, `content-type` are `application/json` unless given here. */
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Over the whole exchange including the body; the client's by default. */
  timeoutMs?: number;
  /** Counted after decompression; the client's by default. */
  maxBodyBytes?: number;
  /** 3 by default. Only GET and HEAD are redirected at all, and only within the same origin. */
  maxRedirects?: number;
  /**
   * `json` (default): a success must be JSON or empty. `any`: nothing is parsed, the text is given. `bytes`: a success
   * must be JSON, and its bytes are given, for answers that are too long to be parsed at once.
   */
  accept?: 'json' | 'any' | 'bytes';
}

/** An answer of any status. */
export interface HttpResponse {
  status: number;
  headers: HttpHeaders;
  /** Parsed JSON, for the caller to check. Undefined if the body is empty or, in a failure, not JSON. */
  body: unknown;
  /** The body as text: the whole with `accept: 'any'`, and the beginning of a failure that is not JSON. */
  text?: string;
  /** The body of a success; with `accept: 'bytes'` only. */
  bytes?: Uint8Array;
}

/** One exchange, for metrics. */
export interface ExchangeRecord {
  method: string;
  host: string;
  /** Without query and fragment. */
  url: string;
  /** Undefined if there was no acceptable answer: then `error` says why. */
  status?: number;
  error?: NetErrorKind;
  durationMs: number;
}

/** The only way to talk to servers other than the Kubernetes API. */
export interface HttpClient {
  /**
   * @throws {NetError} if there is no acceptable answer. An HTTP error status is an answer.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * A `fetch` under the same rules, for libraries. The body is complete when it resolves. If the request's `accept`
   * header asks for JSON, a success must be JSON or empty.
   *
   * @throws {NetError} where `fetch` would throw a TypeError.
   */
  fetch: typeof globalThis.fetch;
  /** Takes no new requests; resolves when the running ones are over, which their deadlines bound. */
  close(): Promise<void>;
}

/** What a client is made with. */
export interface HttpClientOptions {
  policy: EgressPolicy;
  /** PEM certificates that are trusted in addition to the roots of the process. */
  ca?: readonly string[];
  /** Whether some of `ca` are for the servers of this client alone, for advice; by default where there are any. */
  ownCa?: boolean;
  /** Makes what trusts them. Clients that are given the same one share it; by default each has its own. */
  trustFor?: TrustFor;
  proxy?: ProxySettings;
  /** Over a whole exchange, unless the request gives its own. */
  timeoutMs: number;
  /** Of one answer, counted after decompression, unless the request gives its own. */
  maxBodyBytes: number;
  userAgent: string;
  onRequest?: (record: ExchangeRecord) => void;
  /** Asked right before each request is written to its connection; false holds it back (`Aborted`). */
  maySend?: () => boolean;
  /** What bounds TLS handshakes; by default nothing does. */
  handshakes?: Pick<Handshakes, 'bound'>;
  /** Replaces the system's resolver. */
  resolve?: Resolve;
}

const defaultMaxRedirects = 3;
const longestConnectMs = durations.net.longestConnectMs;
/** Bytes of a failure that is not JSON that are given as text: enough to know it by. */
const longestExcerpt = 4_096;
/** A connection gets less than the whole time, so that "no connection" differs from "no answer". */
const connectShare = 0.6;

/**
 * Creates a client. It keeps connections for reuse, so it should be shared, and must be closed.
 *
 * @throws {CaBundleError} if `ca` holds something else than certificates.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { ca = [], trustFor = createSharedTrust() } = options;
  const dispatchers = createDispatchers({
    policy: options.policy,
    trust: trustFor(ca),
    ownCa: options.ownCa ?? ca.length > 0,
    proxy: options.proxy ?? {},
    connectTimeoutMs: Math.min(longestConnectMs, Math.ceil(options.timeoutMs * connectShare)),
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    ...(options.maySend === undefined ? {} : { maySend: options.maySend }),
    ...(options.handshakes === undefined ? {} : { handshakes: options.handshakes }),
  });

  async function send(outgoing: Outgoing): Promise<Incoming> {
    const startedAt = systemClock.now();
    const report = (outcome: Pick<ExchangeRecord, 'status' | 'error'>): void => {
      const { method, url } = outgoing;
      const durationMs = systemClock.now() - startedAt;
      options.onRequest?.({
        method,
        host: hostOf(url),
        url: url.origin + url.pathname,
        durationMs,
        ...outcome,
      });
    };
    try {
      const incoming = await exchange(outgoing, options.policy, dispatchers);
      report({ status: incoming.status });
      return incoming;
    } catch (error) {
      report({ error: error instanceof NetError ? error.kind : 'Other' });
      throw error;
    }
  }

  async function request(wanted: HttpRequest): Promise<HttpResponse> {
    const url = parseUrl(wanted.url);
    const incoming = await send({
      method: wanted.method ?? 'GET',
      url,
      headers: requestHeaders(Object.entries(wanted.headers ?? {}), {
        host: hostOf(url),
        userAgent: options.userAgent,
        accept: wanted.accept === 'any' ? '*/*' : 'application/json',
        ...(wanted.body === undefined ? {} : { contentType: 'application/json' }),
      }),
      timeoutMs: wanted.timeoutMs ?? options.timeoutMs,
      maxBodyBytes: wanted.maxBodyBytes ?? options.maxBodyBytes,
      maxRedirects: wanted.maxRedirects ?? defaultMaxRedirects,
      ...(wanted.body === undefined ? {} : { body: wanted.body }),
      ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
    });
    const { status } = incoming;
    const headers = responseHeaders(incoming.headers);
    if (wanted.accept === 'any') {
      await requireCheapJson(incoming);
      return { status, headers, body: undefined, text: new TextDecoder().decode(incoming.bytes) };
    }
    if (wanted.accept === 'bytes' && status >= 200 && status < 300) {
      requireJson(incoming);
      return { status, headers, body: undefined, bytes: incoming.bytes };
    }
    const body = await parseJson(incoming);
    if (body !== undefined || incoming.bytes.length === 0) return { status, headers, body };
    const excerpt = incoming.bytes.subarray(0, longestExcerpt);
    return { status, headers, body, text: new TextDecoder().decode(excerpt) };
  }

  async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const url = parseUrl(input instanceof Request ? input.url : input);
    // Before the Request is made, which refuses some of the same URLs but says it less clearly.
    checkUrl(url, options.policy);
    const fetchRequest = makeRequest(input, init, hostOf(url));
    const body = fetchRequest.body === null ? undefined : new Uint8Array(await fetchRequest.arrayBuffer());
    const incoming = await send({
      method: fetchRequest.method,
      url,
      headers: requestHeaders([...fetchRequest.headers], { host: hostOf(url), userAgent: options.userAgent }),
      timeoutMs: options.timeoutMs,
      maxBodyBytes: options.maxBodyBytes,
      maxRedirects: fetchRequest.redirect === 'follow' ? defaultMaxRedirects : 0,
      signal: fetchRequest.signal,
      ...(body === undefined ? {} : { body }),
    });
    if (fetchRequest.headers.get('accept')?.includes('json') === true) requireJson(incoming);
    await requireCheapJson(incoming);
    return toResponse(incoming);
  }

  return { request, fetch, close: () => dispatchers.close() };
}

function parseUrl(url: string | URL): URL {
  if (URL.canParse(String(url))) return new URL(url);
  throw malformed('', 'The URL of a request is malformed.');
}

function makeRequest(input: string | URL | Request, init: RequestInit | undefined, host: string): Request {
  try {
    return new Request(input, init);
  } catch {
    // The message of the original error quotes header values.
    throw malformed(host, `A request to ${host} has a header or an option that HTTP does not allow.`);
  }
}

function malformed(host: string, message: string): NetError {
  const hint = 'Check the values given for this server, above all for line breaks.';
  return new NetError({ kind: 'Other', message, hint, host, requestSent: false });
}

const withoutBody = new Set([101, 204, 205, 304]);

/** An answer as the Response that libraries expect, with the URL it came from. */
function toResponse({ status, headers, url, bytes }: Incoming): Response {
  const visible = new Headers(headers);
  // They describe the body on the wire; this one is decompressed.
  visible.delete('content-encoding');
  visible.delete('content-length');
  const body = withoutBody.has(status) ? null : Buffer.from(bytes);
  const response = new Response(body, { status, headers: visible });
  // Octokit reads it; the constructor can't set it.
  return Object.defineProperty(response, 'url', { value: url.href });
}
