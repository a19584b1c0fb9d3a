import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAdminClient } from '../../test/harness/admin-client.ts';
import {
  answerStatus,
  answerStream,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { stretched } from '../../test/harness/pace.ts';
import type { KubeClient } from './client.ts';
import type { KubeConnection } from './connection.ts';
import { KubeTransportError } from './errors.ts';
import type { Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';

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
  client = createKubeClient({ connection: server.connection, userAgent: 'test', timeoutMs: stretched(300) });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

/** What a promise was rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe('a busy server', () => {
  const busy = answerStatus(429, 'TooManyRequests', { 'retry-after': '0' });
  it('reads are retried, three times', async () => {
    server.put('a');
    for (let i = 0; i < 3; i++) server.next('call', busy);
    expect(await client.get(widgets, 'a', signal)).toBeDefined();
    for (let i = 0; i < 4; i++) server.next('call', busy);
    expect(await failureOf(client.get(widgets, 'a', signal))).toMatchObject({ code: 429, retryAfterMs: 0 });
    expect(server.requests).toHaveLength(8);
  });

  it('a wait beyond the deadline is left to the caller, and is 30 s at most', async () => {
    server.next('call', answerStatus(429, 'TooManyRequests', { 'retry-after': '3600' }));
    expect(await failureOf(client.get(widgets, 'a', signal))).toMatchObject({
      code: 429,
      retryAfterMs: 30_000,
    });
  });

  it('writes are never tried again', async () => {
    server.next('call', busy);
    expect(await failureOf(client.replace(widgets, stored, signal))).toMatchObject({ code: 429 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a bad connection', () => {
  it('a read on a connection that was lost is retried at once', async () => {
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
    server.next('call', answerStream([JSON.stringify(stored)], 'close'));
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

describe('other certificates', () => {
  it('are for new connections: a watch that runs goes on with the old ones, and ends with the client', async () => {
    let tls = { servername: 'before' };
    const credentials = () => Promise.resolve({ headers: {}, tls });
    const renewing = createKubeClient({
      connection: { ...server.connection, credentials },
      userAgent: 'test',
    });
    server.put('a');
    const query = { resourceVersion: '1', timeoutSeconds: 60, signal };
    const events = renewing.watch(widgets, query)[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { type: 'ADDED' } });

    tls = { servername: 'after' };
    const { connections } = server;
    await renewing.get(widgets, 'a', signal);
    await renewing.get(widgets, 'a', signal);
    expect(server.connections).toBeGreaterThan(connections);
    server.put('a', { spec: 1 });
    expect(await events.next()).toMatchObject({ value: { type: 'MODIFIED' } });

    await renewing.close();
    await expect(events.next()).rejects.toMatchObject({ kind: 'Reset' });
  });
});

describe('a client that is not allowed to write', () => {
  it('is asked when the request goes out, refuses each write, and reads on', async () => {
    let may = true;
    const connection: KubeConnection = {
      ...server.connection,
      credentials: () => {
        may = false;
        return server.connection.credentials();
      },
    };
    const fenced = createAdminClient({ connection, userAgent: 'test', mayWrite: () => may });
    server.put('a');
    for (const write of [
      () => fenced.create(widgets, { metadata: { name: 'b' } }, signal),
      () => fenced.replace(widgets, stored, signal),
      () => fenced.patchJson(widgets, 'a', [], signal),
      () => fenced.applyStatus(widgets, 'a', {}, { fieldManager: 'test' }, signal),
      () => fenced.delete(widgets, 'a', signal),
    ]) {
      may = true;
      expect(await failureOf(write())).toMatchObject({ name: 'KubeTransportError', kind: 'Fenced' });
    }
    expect(server.requests).toEqual([]);
    expect(await fenced.get(widgets, 'a', signal)).toBeDefined();
    await fenced.close();
  });
});

describe('metrics', () => {
  it('count each request with its code, and each retry', async () => {
    const seen: unknown[] = [];
    const counted = createAdminClient({
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
