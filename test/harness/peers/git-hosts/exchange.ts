import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as the peers read it. */
export interface Question {
  readonly method: string;
  /** The name the client meant, with its port where it sent one. */
  readonly host: string;
  /** Without the query, percent-encoding as sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The whole body as UTF-8. */
  text(): Promise<string>;
}

/** A string body is sent as it is, anything else as JSON; `content-type` follows from that unless given. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Reads the head of a request. HEAD is handled like GET: Node leaves the body out. */
export function readQuestion(request: IncomingMessage): Question {
  const host = request.headers.host ?? '';
  // Joined, not resolved: a path that begins with two slashes would else be taken for a host.
  const url = new URL(`http://peer.invalid${request.url ?? '/'}`);
  return {
    method: request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET'),
    host,
    path: url.pathname,
    query: url.searchParams,
    header: (name) => request.headersDistinct[name]?.join(', '),
    async text() {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** Sends `answer`, dated by the peer's own clock (`nowMs`, epoch): clients correct their clock by that header. */
export function send(response: ServerResponse, answer: Answer, nowMs: number): void {
  const body = typeof answer.body === 'string' ? answer.body : (JSON.stringify(answer.body) ?? '');
  const headers: Record<string, string | number> = { date: new Date(nowMs).toUTCString() };
  if (answer.body !== undefined) {
    headers['content-type'] =
      typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
    headers['content-length'] = Buffer.byteLength(body);
  }
  response.writeHead(answer.status, { ...headers, ...answer.headers });
  response.end(body);
}

/** Puts `headers` under those the answer has already. */
export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}
