import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answerStatus,
  answerStream,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { stretched } from '../../test/harness/pace.ts';
import type { KubeClient } from './client.ts';
import { KubeStatusError } from './errors.ts';
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
  client = createKubeClient({
    connection: server.connection,
    userAgent: 'operator/1',
    timeoutMs: stretched(300),
  });
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
      name: 'patchJson',
      call: () => client.patchJson(widgets, 'a', [{ op: 'remove', path: '/spec' }], signal),
      method: 'PATCH',
      url: '/apis/test.io/v1/widgets/a',
      type: 'application/json-patch+json',
      body: [{ op: 'remove', path: '/spec' }],
    },
    {
      name: 'applyStatus',
      call: () => client.applyStatus(configMaps, 'ns/a', { ready: true }, { fieldManager: 'me' }, signal),
      method: 'PATCH',
      url: '/api/v1/namespaces/ns/configmaps/a/status?fieldManager=me&force=true',
      type: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', namespace: 'ns' },
        status: { ready: true },
      },
    },
    {
      name: 'ask',
      call: () => client.ask(widgets, { spec: { x: 1 } }, signal),
      method: 'POST',
      url: '/apis/test.io/v1/widgets',
      type: json,
      body: { apiVersion: 'test.io/v1', kind: 'Widget', spec: { x: 1 } },
    },
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
    answerObject(stored);
    await proxied.get(widgets, 'a', signal);
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/apis/test.io/v1/widgets/a');
    await proxied.close();
  });
});

describe('a list of large objects', () => {
  const limits = (): (string | null)[] => server.requests.map(({ query }) => query.get('limit'));

  it('comes in pages that fit into 4 MiB, however large the objects are', async () => {
    for (let index = 0; index < 100; index++)
      server.put(`w${index}`, { padding: index < 40 ? 'x'.repeat(255 * 1024) : '' });
    const { items } = await client.list(widgets, { signal });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: 100 }, (_, index) => `w${index}`),
    );
    expect(limits().slice(0, 5)).toEqual(['500', '125', '32', '8', '8']);
    expect(limits().at(-1)).toBe('64');
  });

  it('gets one through that is larger than a page', async () => {
    server.put('w', { padding: 'x'.repeat(5 * 1024 * 1024) });
    server.put('x');
    const { items } = await client.list(widgets, { signal });
    expect(items).toHaveLength(2);
  });
});

describe('applyStatus to one incarnation', () => {
  const apply = (uid: string, resourceVersion?: string): Promise<unknown> =>
    client.applyStatus(
      widgets,
      'a',
      {},
      { fieldManager: 'me', uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      signal,
    );
  const conflict = answerStatus(409, 'Conflict');
  const sent = (): string[] =>
    server.requests.map(({ method, body }) =>
      method === 'PATCH' ? `apply at ${String(/"resourceVersion":"(\d+)"/.exec(body)?.[1])}` : method,
    );

  it('sends the version that it read', async () => {
    answerObject(stored);
    answerObject(stored);
    await apply('u');
    expect(sent()).toEqual(['GET', 'apply at 1']);
  });

  it('sends the version that the caller knows without a read, and reads when that was old', async () => {
    server.next('call', conflict);
    answerObject(stored);
    answerObject(stored);
    await apply('u', '0');
    expect(sent()).toEqual(['apply at 0', 'GET', 'apply at 1']);
  });

  it.each([
    { name: 'gone', answer: answerStatus(404, 'NotFound') },
    { name: 'another one under the name', answer: answerStream([JSON.stringify(stored)], 'close') },
  ])('writes nothing when the object is $name', async ({ answer }) => {
    server.next('call', answer);
    expect(await failureOf(apply('other'))).toMatchObject({ code: 404 });
    expect(sent()).toEqual(['GET']);
  });

  it('gives up when others write each time in between', async () => {
    for (let i = 0; i < 5; i++) {
      answerObject(stored);
      server.next('call', conflict);
    }
    expect(await failureOf(apply('u'))).toMatchObject({ code: 409 });
    expect(server.requests).toHaveLength(10);
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

  it('what is not there is undefined for get', async () => {
    expect(await client.get(widgets, 'nothing', signal)).toBeUndefined();
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
  ])('an error with $name contains nothing that the server wrote freely', async ({ code, body, want }) => {
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
