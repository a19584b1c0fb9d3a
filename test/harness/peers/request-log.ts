import type { IncomingMessage, RequestListener } from 'node:http';

/**
 * One request a peer received. What may hold a secret (header values, bodies, the query) stands behind
 * functions, so that printing a record, or a failed assertion on one, shows no secret.
 */
export interface RequestRecord {
  /** When the request's head had arrived, RFC 3339. */
  readonly at: string;
  /** The name the client meant, as listed in `Peer.hosts`. */
  readonly host: string;
  readonly method: string;
  /** Without the query, percent-encoding as sent. */
  readonly path: string;
  /** Lower case, in the order sent. */
  readonly headerNames: readonly string[];
  /** Undefined until the answer is finished, and for good when the connection ended before. */
  status?: number;
  query(): URLSearchParams;
  /** The value of a header, by lower-case name; several of one name are joined with `, `. */
  header(name: string): string | undefined;
  /** What has arrived of the body so far, as UTF-8. */
  body(): string;
}

/** Wraps `handler` so that every request is reported to `onRequest` before it is handled, then to `onEnd`. */
export function recordRequests(
  host: string,
  handler: RequestListener,
  onRequest: (record: RequestRecord) => void,
  onEnd: (record: RequestRecord) => void,
): RequestListener {
  return (request, response) => {
    const record = createRecord(host, request);
    onRequest(record);
    response.once('close', () => {
      if (response.writableFinished) {
        record.status = response.statusCode;
      }
      onEnd(record);
    });
    handler(request, response);
  };
}

function createRecord(host: string, request: IncomingMessage): RequestRecord {
  const url = new URL(request.url ?? '/', `https://${host}`);
  const chunks: Buffer[] = [];
  // The parser hands every chunk to `push`: copying there keeps the body whether or not, and however, the handler reads it.
  const push = request.push.bind(request);
  request.push = (chunk, encoding) => {
    if (Buffer.isBuffer(chunk)) {
      chunks.push(chunk);
    }
    return push(chunk, encoding);
  };
  return {
    at: new Date().toISOString(),
    host,
    method: request.method ?? '',
    path: url.pathname,
    headerNames: request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
    query: () => new URLSearchParams(url.search),
    header: (name) => request.headersDistinct[name]?.join(', '),
    body: () => Buffer.concat(chunks).toString('utf8'),
  };
}
