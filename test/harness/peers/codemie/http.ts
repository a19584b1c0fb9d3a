import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type ApiResponse, crash } from './api-error.ts';

/** A request as a route sees it: the prefix of the ingress is gone, the body has arrived. */
export interface ApiRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** With the question mark, or empty. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The parts of the path that the route names, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Reads a request to its end. Rejects when the connection ends before. */
export async function readRequest(message: IncomingMessage, basePath: string): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk);
  }
  const url = new URL(message.url ?? '/', 'http://codemie');
  return {
    method: message.method ?? '',
    path: url.pathname.slice(basePath.length),
    query: url.searchParams,
    search: url.search,
    headers: message.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    params: {},
  };
}

/** Writes an answer to its end, unless the client has gone. */
export function writeResponse(to: ServerResponse, { status, body, headers }: ApiResponse): void {
  if (to.destroyed) {
    return;
  }
  if (body === undefined) {
    to.writeHead(status, headers).end();
    return;
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const contentType = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  to.writeHead(status, { 'content-type': contentType, ...headers }).end(text);
}

/**
 * The body as JSON, read before any other check, sign-in included.
 *
 * @throws ApiError 500 for what isn't JSON, by text or by content type: the handler of that error has a bug
 */
export function jsonBody(request: ApiRequest): unknown {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  try {
    if (mediaType.trim().toLowerCase() === 'application/json') {
      return JSON.parse(request.body);
    }
  } catch {
    // Answered below, in the same way.
  }
  throw crash('IndexError: list index out of range');
}
