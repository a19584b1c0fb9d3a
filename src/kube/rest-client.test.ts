import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answerStatus,
  answerStream,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import type { KubeClient } from './client.ts';
import type { KubeConnection } from './connection.ts';
import { KubeStatusError, KubeTransportError } from './errors.ts';
import type { Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';

const configMaps: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
};
const signal = new AbortController().signal;
const stored = { metadata: { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' } };

let server: FakeApiServer;
let client: KubeClient;

beforeEach(async () => {
  server = await startFakeApiServer({ path: '/apis/test.io/v1/widgets' });
  client = createKubeClient({ connection: server.connection, userAgent: 'operator/1', timeoutMs: 300 });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

/** The next call is answered with this object. */
function answerObject(object: object): void {
  server.next('call', (response) => response.end(JSON.stringify(object)));
}

/** What a promise was rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe('requests', () => {
  const json = 'application/json';
  it.each<{
    name: string;
    call: () => Promise<unknown>;
    method: string;
    url: string;
    type?: string;
    body?: object;
  }>([
    {
      name: 'get',
      call: () => client.get(configMaps, 'ns/a', signal),
      method: 'GET',
      url: '/api/v1/namespaces/ns/configmaps/a',
    },
    {
      name: 'get, cluster-scoped',
      call: () => client.get(widgets, 'a', signal),
      method: 'GET',
      url: '/apis/test.io/v1/widgets/a',
    },
    {
      name: 'create',
      call: () =>
        client.create(configMaps, { metadata: { name: 'a', namespace: 'ns' }, data: { x: 'y' } }, signal),
      method: 'POST',
      url: '/api/v1/namespaces/ns/configmaps',
      type: json,
      body: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', namespace: 'ns' },
        data: { x: 'y' },
      },
    },
    {
      name: 'replace',
      call: () => client.replace(widgets, stored, signal),
      method: 'PUT',
      url: '/apis/test.io/v1/widgets/a',
      type: json,
      body: { apiVersion: 'test.io/v1', kind: 'Widget', ...stored },
    },
    {
      name: 'delete',
      call: () => client.delete(widgets, 'a', signal, { uid: 'u' }),
      method: 'DELETE',
      url: '/apis/test.io/v1/widgets/a',
      type: json,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
    },
    {
      name: 'patchJson',
      call: () => client.patchJson(widgets, 'a', [{ op: 'remove', path: '/spec' }], signal),
      method: 'PATCH',
      url: '/apis/test.io/v1/widgets/a',
      type: 'application/json-patch+json',
      body: [{ op: 'remove', path: '/spec' }],
    },
    {
      name: 'applyStatus',
      call: () =>
        client.applyStatus(configMaps, 'ns/a', { ready: true }, { fieldManager: 'me', uid: 'u' }, signal),
      method: 'PATCH',
      url: '/api/v1/namespaces/ns/configmaps/a/status?fieldManager=me&force=true',
      type: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', namespace: 'ns', uid: 'u' },
        status: { ready: true },
      },
    },
    { name: 'getRaw', call: () => client.getRaw('/version', signal), method: 'GET', url: '/version' },
  ])('$name', async ({ call, method, url, type, body }) => {
    answerObject(stored);
    await call();
    const [request] = server.requests;
    const query = request?.query.toString() ?? '';
    expect(request?.method).toBe(method);
    expect(`${request?.path}${query === '' ? '' : `?${query}`}`).toBe(url);
    expect(request?.headers['content-type']).toBe(type);
    expect(request?.headers['user-agent']).toBe('operator/1');
    expect(request?.body === '' ? undefined : JSON.parse(request?.body ?? '')).toEqual(body);
  });

  it.each([
    { name: 'a namespaced kind without namespace', resource: configMaps, key: 'a' },
    { name: 'a cluster-scoped kind with one', resource: widgets, key: 'ns/a' },
    { name: 'no name', resource: configMaps, key: 'ns/' },
  ])('a key with $name never leaves', async ({ resource, key }) => {
    expect(await failureOf(client.get(resource, key, signal))).toBeInstanceOf(TypeError);
    expect(server.requests).toEqual([]);
  });

  it('a path behind a management proxy is kept', async () => {
    const connection = { ...server.connection, server: new URL('/k8s/clusters/c-1/', server.url) };
    const proxied = createKubeClient({ connection, userAgent: 'test' });
    answerObject({});
    await proxied.getRaw('/version', signal);
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/version');
    await proxied.close();
  });
});

describe('answers', () => {
  it('an object gets the kind that was asked for and loses managedFields', async () => {
    answerObject({ spec: 1, metadata: { ...stored.metadata, managedFields: [] } });
    expect(await client.get(widgets, 'a', signal)).toEqual({
      ...stored,
      spec: 1,
      apiVersion: 'test.io/v1',
      kind: 'Widget',
    });
  });

  it('what is not there is undefined for get, and done for delete', async () => {
    expect(await client.get(widgets, 'nothing', signal)).toBeUndefined();
    await client.delete(widgets, 'nothing', signal);
  });

  const secret = 'token-ghp_secret';
  it.each([
    {
      name: 'a Status',
      code: 422,
      body: {
        kind: 'Status',
        reason: 'Invalid',
        message: secret,
        details: {
          name: secret,
          causes: [{ field: 'status.conditions[0].reason', message: secret }, { field: `${secret}=` }],
        },
      },
      want: 'The API server refused to get widgets a: 422 Invalid (status.conditions[0].reason).',
    },
    {
      name: 'no Status',
      code: 502,
      body: { error: secret },
      want: 'The API server refused to get widgets a: 502.',
    },
    {
      name: 'a Status with a sentence for a reason',
      code: 403,
      body: { kind: 'Status', reason: `${secret} is wrong` },
      want: 'The API server refused to get widgets a: 403.',
    },
  ])('an error with $name tells nothing that the server wrote freely', async ({ code, body, want }) => {
    server.next('call', (response) => response.writeHead(code).end(JSON.stringify(body)));
    const error = await failureOf(client.get(widgets, 'a', signal));
    expect(error).toBeInstanceOf(KubeStatusError);
    expect(error).toMatchObject({ code, message: want });
    expect(JSON.stringify(error)).not.toContain(secret);
  });

  it.each([
    { name: 'no JSON', body: '<html>secret</html>' },
    { name: 'no object', body: '[]' },
    { name: 'an object without uid', body: '{"metadata":{"name":"a"}}' },
  ])('an answer that is $name is refused', async ({ body }) => {
    server.next('call', (response) => response.end(body));
    const error = await failureOf(client.get(widgets, 'a', signal));
    expect(error).toMatchObject({ kind: 'Protocol' });
    expect(String(error)).not.toContain('secret');
  });
});

describe('a busy server', () => {
  const busy = answerStatus(429, 'TooManyRequests', { 'retry-after': '0' });
  it('reads are tried again, three times', async () => {
    server.put('a');
    for (let i = 0; i < 3; i++) server.next('call', busy);
    expect(await client.get(widgets, 'a', signal)).toBeDefined();
    for (let i = 0; i < 4; i++) server.next('call', busy);
    expect(await failureOf(client.get(widgets, 'a', signal))).toMatchObject({ code: 429, retryAfterMs: 0 });
    expect(server.requests).toHaveLength(8);
  });

  it('a wait beyond the deadline is left to the caller', async () => {
    server.next('call', answerStatus(429, 'TooManyRequests', { 'retry-after': '3600' }));
    expect(await failureOf(client.get(widgets, 'a', signal))).toMatchObject({
      code: 429,
      retryAfterMs: 3_600_000,
    });
  });

  it('writes are never tried again', async () => {
    server.next('call', busy);
    expect(await failureOf(client.replace(widgets, stored, signal))).toMatchObject({ code: 429 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a bad connection', () => {
  it('a read on a connection that was lost is tried again at once', async () => {
    server.put('a');
    server.next('call', answerStream(['{'], 'reset'));
    expect(await client.get(widgets, 'a', signal)).toBeDefined();
  });

  it('a write on a connection that was lost is not, for it may have been done', async () => {
    server.next('call', answerStream(['{'], 'reset'));
    expect(await failureOf(client.replace(widgets, stored, signal))).toMatchObject({
      kind: 'Reset',
      message: 'Could not update widgets a: the connection to the API server was lost.',
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    { name: 'says nothing', answer: () => {} },
    { name: 'stops in the middle', answer: answerStream(['{"metadata":'], 'hang') },
  ])('a server that $name meets the deadline', async ({ answer }) => {
    server.next('call', answer);
    const error = await failureOf(client.get(widgets, 'a', signal));
    expect(error).toBeInstanceOf(KubeTransportError);
    expect(error).toMatchObject({ kind: 'Timeout' });
  });

  it('a server that is down is named so, without its port', async () => {
    await server.stop();
    expect(await failureOf(client.get(widgets, 'a', signal))).toMatchObject({
      kind: 'Refused',
      message: 'Could not get widgets a: the API server refuses connections.',
    });
  });

  it("the caller's abort comes back as its own reason", async () => {
    const abort = new AbortController();
    server.next('call', () => abort.abort(new Error('enough')));
    expect(await failureOf(client.get(widgets, 'a', abort.signal))).toMatchObject({ message: 'enough' });
  });

  it('connections are shared by all calls', async () => {
    server.put('a');
    for (let i = 0; i < 50; i++) await client.get(widgets, 'a', signal);
    // undici opens a second one while the first is not yet free again; then both are reused.
    expect(server.connections).toBeLessThanOrEqual(2);
  });
});

describe('credentials', () => {
  /** Two sets of credentials; the second comes with a refresh. */
  function rotating(): KubeConnection & { refreshes: number } {
    const old = { headers: { authorization: 'Bearer old' }, tls: {} };
    const renewed = { headers: { authorization: 'Bearer new' }, tls: {} };
    const connection = {
      ...server.connection,
      refreshes: 0,
      credentials: () => Promise.resolve(connection.refreshes === 0 ? old : renewed),
      refresh: () => {
        connection.refreshes++;
        return Promise.resolve(renewed);
      },
    };
    return connection;
  }

  it.each<{ name: string; call: (using: KubeClient) => Promise<unknown> }>([
    { name: 'a read', call: (using) => using.get(widgets, 'a', signal) },
    { name: 'a write', call: (using) => using.replace(widgets, stored, signal) },
  ])('after a 401 they are read again, once, for $name', async ({ call }) => {
    const connection = rotating();
    const rotated = createKubeClient({ connection, userAgent: 'test' });
    server.next('call', answerStatus(401, 'Unauthorized'));
    answerObject(stored);
    await call(rotated);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(connection.refreshes).toBe(1);
    await rotated.close();
  });

  it('a second 401 is the answer', async () => {
    const connection = rotating();
    const rotated = createKubeClient({ connection, userAgent: 'test' });
    server.next('call', answerStatus(401, 'Unauthorized'));
    server.next('call', answerStatus(401, 'Unauthorized'));
    expect(await failureOf(rotated.get(widgets, 'a', signal))).toMatchObject({ code: 401 });
    expect(server.requests).toHaveLength(2);
    await rotated.close();
  });
});

describe('metrics', () => {
  it('count each request with its code, and each retry', async () => {
    const seen: unknown[] = [];
    const counted = createKubeClient({
      connection: server.connection,
      userAgent: 'test',
      metrics: {
        request: ({ verb, resource, code }) => seen.push([verb, resource, code]),
        retried: (reason) => seen.push(reason),
      },
    });
    server.put('a');
    server.next('call', answerStatus(429, 'TooManyRequests', { 'retry-after': '0' }));
    await counted.get(widgets, 'a', signal);
    await server.stop();
    await failureOf(counted.delete(widgets, 'a', signal));
    expect(seen).toEqual([
      ['get', 'widgets', 429],
      'throttled',
      ['get', 'widgets', 200],
      ['delete', 'widgets', 0],
    ]);
    await counted.close();
  });
});
