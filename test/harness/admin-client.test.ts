import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Resource } from '../../src/kube/object.ts';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
};
const signal = new AbortController().signal;

let server: FakeApiServer;
let client: AdminClient;

beforeEach(async () => {
  server = await startFakeApiServer({ path: '/apis/test.io/v1/widgets' });
  client = createAdminClient({ connection: server.connection, userAgent: 'tests/1' });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

it.each<{ name: string; call: () => Promise<unknown>; method: string; url: string; body?: object }>([
  {
    name: 'delete',
    call: () => client.delete(widgets, 'a', signal, { uid: 'u' }),
    method: 'DELETE',
    url: '/apis/test.io/v1/widgets/a',
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
  },
  { name: 'getRaw', call: () => client.getRaw('/version', signal), method: 'GET', url: '/version' },
])('$name', async ({ call, method, url, body }) => {
  server.next('call', (response) => response.end('{}'));
  await call();
  const [request] = server.requests;
  expect(request?.method).toBe(method);
  expect(request?.path).toBe(url);
  expect(request?.query.toString()).toBe('');
  expect(request?.headers['content-type']).toBe(body && 'application/json');
  expect(request?.headers['user-agent']).toBe('tests/1');
  expect(request?.body === '' ? undefined : JSON.parse(request?.body ?? '')).toEqual(body);
});

it('deleting what is not there is done', async () => {
  await client.delete(widgets, 'nothing', signal);
  expect(server.requests).toHaveLength(1);
});
