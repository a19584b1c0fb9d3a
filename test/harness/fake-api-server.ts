import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** An object as the fake keeps it. */
interface FakeObject {
  metadata: { name: string; namespace?: string; uid: string; resourceVersion: string };
  [field: string]: unknown;
}

/** One request that came in. */
interface FakeRequest {
  /** `watch` and `list` are GETs of the collection; `call` is everything else. */
  type: 'list' | 'watch' | 'call';
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers one request in place of the fake. */
export type Answer = (response: ServerResponse, request: FakeRequest) => void;

/**
 * A scripted API server for one collection: by default it lists in pages and watches as a real one does; tests put
 * single answers before that, or break its connections. It does no validation at all. What only a real API server
 * can answer belongs into test/cluster.
 */
export interface FakeApiServer {
  url: string;
  /** Fits the client's connection, without credentials. */
  connection: {
    server: URL;
    credentials(): Promise<{ headers: Record<string, string>; tls: { ca?: string } }>;
    refresh(): Promise<{ headers: Record<string, string>; tls: { ca?: string } }>;
  };
  requests: FakeRequest[];
  /** The next request of that type gets this answer. Several calls queue up. */
  next(type: FakeRequest['type'], answer: Answer): void;
  /** Every request of that type gets this answer, until `undefined` is given. What `next` queued comes first. */
  always(type: FakeRequest['type'], answer: Answer | undefined): void;
  /** Creates or changes an object and sends it to open watches. The uid stays unless given. */
  put(name: string, fields?: { uid?: string; [field: string]: unknown }): void;
  /** Deletes an object and sends it to open watches. */
  remove(name: string): void;
  /** Sends open watches a bookmark of the present version. */
  bookmark(): void;
  /** Forgets all changes so far: a watch from before gets 410, as after etcd's compaction. */
  compact(): void;
  /** Ends open watches as a server does at their timeout. */
  closeWatches(): void;
  /** Open watches get nothing more, not even an end: half-open connections. */
  muteWatches(): void;
  /** Sends open watches the first half of a line, then resets their connections. */
  breakWatches(): void;
  /** The lines that a watch from that version begins with. */
  linesSince(resourceVersion: string): string[];
  /** Watches that are open now, muted ones included. */
  readonly watches: number;
  /** The most that were open at one time. */
  readonly mostWatches: number;
  readonly resourceVersion: string;
  /** Connections made so far. */
  readonly connections: number;
  /** Resets all connections and refuses new ones until `start`. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
  /** Changes the server's certificate. */
  setCertificate(certificate: { cert: string; key: string }): void;
  close(): Promise<void>;
}

/** Sends a Kubernetes Status. */
export function answerStatus(code: number, reason: string, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason }));
  };
}

/** Sends these pieces as the stream of a watch, each in its own write, then ends it as `end` says. */
export function answerStream(pieces: (string | Uint8Array)[], end: 'close' | 'reset' | 'hang'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    sendPieces(response, pieces, end);
  };
}

function sendPieces(
  response: ServerResponse,
  pieces: (string | Uint8Array)[],
  end: 'close' | 'reset' | 'hang',
): void {
  const send = (index: number): void => {
    const piece = pieces[index];
    if (piece !== undefined) response.write(piece, () => setImmediate(send, index + 1));
    else if (end === 'close') response.end();
    else if (end === 'reset') response.socket?.resetAndDestroy();
  };
  send(0);
}

/** One line of a watch. */
export function eventLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/**
 * Starts the fake on a free port of 127.0.0.1.
 *
 * @param options.path the collection, e.g. `/api/v1/configmaps`; objects are of the namespace in it, if there is one
 * @param options.clock by it watches end at their `timeoutSeconds`; without one they don't
 */
export async function startFakeApiServer(options: {
  path: string;
  tls?: { cert: string; key: string };
  clock?: { setTimer(callback: () => void, delayMs: number): () => void };
}): Promise<FakeApiServer> {
  const namespace = /\/namespaces\/([^/]+)\//.exec(options.path)?.[1];
  const objects = new Map<string, FakeObject>();
  const requests: FakeRequest[] = [];
  const scripted: Record<FakeRequest['type'], Answer[]> = { list: [], watch: [], call: [] };
  const lasting: Partial<Record<FakeRequest['type'], Answer | undefined>> = {};
  /** Watches that get changes. */
  const told = new Set<ServerResponse>();
  /** Watches whose connection stands, whatever they are answered. */
  const standing = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let history: { version: number; line: string }[] = [];
  let compacted = 0;
  let version = 1000;
  let connections = 0;
  let mostWatches = 0;

  function emit(type: string, object: object): void {
    const line = eventLine(type, object);
    history.push({ version, line });
    for (const watch of told) watch.write(line);
  }

  function list(response: ServerResponse, { query }: FakeRequest): void {
    const limit = Number(query.get('limit') ?? '0');
    const from = Number(query.get('continue') ?? '0');
    const all = [...objects.values()];
    const items = limit > 0 ? all.slice(from, from + limit) : all;
    const rest = from + items.length < all.length ? { continue: String(from + items.length) } : {};
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ kind: 'List', metadata: { resourceVersion: String(version), ...rest }, items }),
    );
  }

  function watch(response: ServerResponse, { query }: FakeRequest): void {
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < compacted) {
      response.end(eventLine('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }));
      return;
    }
    for (const line of linesSince(from)) response.write(line);
    told.add(response);
    const end = (): void => {
      if (told.delete(response)) response.end();
    };
    const cancel = options.clock?.setTimer(end, Number(query.get('timeoutSeconds')) * 1000);
    response.on('close', () => {
      told.delete(response);
      cancel?.();
    });
  }

  function linesSince(from: number): string[] {
    return history.filter((event) => event.version > from).map(({ line }) => line);
  }

  function call(response: ServerResponse, { path }: FakeRequest): void {
    const object = objects.get(path.slice(path.lastIndexOf('/') + 1));
    if (object === undefined) answerStatus(404, 'NotFound')(response, fallback);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(object));
  }

  const defaults: Record<FakeRequest['type'], Answer> = { list, watch, call };
  const handle: Parameters<typeof createServer>[1] = (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const isCollection = incoming.method === 'GET' && url.pathname === options.path;
      const collectionType = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
      const request: FakeRequest = {
        type: isCollection ? collectionType : 'call',
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(request);
      if (collectionType === 'watch') {
        standing.add(response);
        mostWatches = Math.max(mostWatches, standing.size);
        response.on('close', () => standing.delete(response));
      }
      const answer = scripted[request.type].shift() ?? lasting[request.type] ?? defaults[request.type];
      answer(response, request);
    });
  };
  const server: Server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle);
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A test that resets a connection expects the other side to see it, nothing more.
    socket.on('error', () => {});
  });

  async function listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The fake does not listen on TCP.');
    return address.port;
  }

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  }

  const port = await listen(0);
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const credentials = { headers: {}, tls: {} };
  return {
    url,
    connection: {
      server: new URL(url),
      credentials: () => Promise.resolve(credentials),
      refresh: () => Promise.resolve(credentials),
    },
    requests,
    next: (type, answer) => void scripted[type].push(answer),
    always(type, answer) {
      lasting[type] = answer;
    },
    put(name, { uid, ...fields } = {}) {
      const known = objects.get(name);
      version++;
      const object = {
        ...fields,
        metadata: {
          name,
          ...(namespace !== undefined && { namespace }),
          uid: uid ?? known?.metadata.uid ?? `uid-${version}`,
          resourceVersion: String(version),
          creationTimestamp: '2026-01-01T00:00:00Z',
        },
      };
      objects.set(name, object);
      emit(known === undefined ? 'ADDED' : 'MODIFIED', object);
    },
    remove(name) {
      const known = objects.get(name);
      if (known === undefined) return;
      version++;
      objects.delete(name);
      emit('DELETED', { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } });
    },
    bookmark() {
      version++;
      const line = eventLine('BOOKMARK', {
        metadata: { resourceVersion: String(version), creationTimestamp: null },
      });
      for (const each of told) each.write(line);
    },
    compact() {
      history = [];
      compacted = version;
    },
    closeWatches() {
      for (const each of told) each.end();
      told.clear();
    },
    muteWatches: () => told.clear(),
    breakWatches() {
      for (const each of told) sendPieces(each, ['{"type":"MODIFIED","object":{"metad'], 'reset');
      told.clear();
    },
    linesSince: (from) => linesSince(Number(from)),
    get watches() {
      return standing.size;
    },
    get mostWatches() {
      return mostWatches;
    },
    get resourceVersion() {
      return String(version);
    },
    get connections() {
      return connections;
    },
    stop,
    start: async () => void (await listen(port)),
    setCertificate(certificate) {
      if ('setSecureContext' in server && typeof server.setSecureContext === 'function') {
        server.setSecureContext(certificate);
      }
    },
    close: stop,
  };
}

const fallback: FakeRequest = {
  type: 'call',
  method: '',
  path: '',
  query: new URLSearchParams(),
  headers: {},
  body: '',
};
