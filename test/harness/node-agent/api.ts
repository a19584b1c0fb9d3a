import type { KubeConnection } from '../../../src/kube/connection.ts';
import { createTransport } from '../../../src/kube/transport.ts';

/** Calls that the operator's client does not have, because no operator makes them. */
export interface NodeApi {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  /** https://www.rfc-editor.org/rfc/rfc7386 */
  merge(path: string, body: object): Promise<unknown>;
  delete(path: string, body: object): Promise<unknown>;
  close(): Promise<void>;
}

const timeoutMs = 20_000;

/** Speaks to the API server with the rights of the connection. Calls throw as those of `src/kube` do. */
export function createNodeApi(connection: KubeConnection): NodeApi {
  const transport = createTransport({ connection, userAgent: 'node-agent' });
  const never = new AbortController().signal;

  async function send(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    type = 'application/json',
  ): Promise<unknown> {
    const what = `${method} ${path}`;
    const content = body && { body: JSON.stringify(body), headers: { 'content-type': type } };
    const answer = await transport.call({
      what,
      verb: '',
      resource: '',
      method,
      path,
      timeoutMs,
      signal: never,
      ...content,
    });
    return JSON.parse(Buffer.from(answer).toString('utf8'));
  }

  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    merge: (path, body) => send('PATCH', path, body, 'application/merge-patch+json'),
    delete: (path, body) => send('DELETE', path, body),
    close: () => transport.close(),
  };
}
