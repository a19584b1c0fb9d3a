import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authority, failure, startTestServer, type TestServer } from '../../test/harness/net/test-server.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { guardClients } from './guarded-clients.ts';
import type { HttpClient } from './http-client.ts';
import { createHttpClients, type HttpClients } from './http-clients.ts';

const policy: EgressPolicy = { allowedHosts: ['git.test', 'other.test'], allowPrivateNetworks: true };
let server: TestServer;
let clients: HttpClients;
let client: HttpClient;
let now: number;

beforeEach(async () => {
  now = 1_800_000_000_000;
  server = await startTestServer();
  clients = guardClients(
    createHttpClients({
      ca: [authority.pem],
      timeoutMs: 10_000,
      maxBodyBytes: 1000,
      userAgent: 'test/1',
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    }),
    { perHost: 2, patienceMs: 1000, now: () => now, threshold: 3, pauseMs: 30_000 },
  );
  client = clients.get({ policy });
});
afterEach(async () => {
  await clients.close();
  await server.close();
});

/** Never answers. */
const hang = (): void => {};
const get = (host = 'git.test'): Promise<number> =>
  client.request({ url: server.url('/', host) }).then(({ status }) => status);
/** Does not wait for long. */
const tryToGet = (timeoutMs: number) =>
  failure(client.request({ url: server.url('/', 'git.test'), timeoutMs }));

async function timeOut(times: number): Promise<void> {
  server.handler = hang;
  for (let time = 0; time < times; time += 1) {
    expect(await tryToGet(100)).toMatchObject({ kind: 'Timeout' });
  }
}

describe('a host that hangs', () => {
  it('is left alone after three timeouts, and the error says so and until when', async () => {
    await timeOut(3);
    const error = await failure(get());
    expect(error).toMatchObject({
      kind: 'HostPaused',
      message: 'git.test did not answer several times in a row, so it is left alone for a while.',
      host: 'git.test',
      requestSent: false,
      retryAtMs: now + 30_000,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('does not take the others with it', async () => {
    await timeOut(3);
    server.handler = (_request, response) => void response.end();
    expect(await get('other.test')).toBe(200);
  });

  it('is asked once after the pause, and again by all when it answers', async () => {
    await timeOut(3);
    now += 30_000;
    server.handler = (_request, response) => void response.end();
    const first = get();
    expect(await failure(get())).toMatchObject({ kind: 'HostPaused' });
    expect(await first).toBe(200);
    expect(await Promise.all([get(), get()])).toEqual([200, 200]);
  });

  it('is left alone by all clients of the pool, for what libraries fetch too', async () => {
    await timeOut(3);
    const other = clients.get({ policy: { ...policy, allowedHosts: ['git.test'] } });
    const asked = [
      other.fetch(server.url()),
      other.fetch(new URL(server.url())),
      other.fetch(new Request(server.url())),
    ];
    for (const request of asked) expect(await failure(request)).toMatchObject({ kind: 'HostPaused' });
  });

  it('is not waited for by more than it is sent', async () => {
    server.handler = hang;
    const sent = [tryToGet(1500), tryToGet(1500)];
    expect(await failure(get())).toMatchObject({
      kind: 'HostBusy',
      message: 'git.test has not answered earlier requests yet, so no more are sent for now.',
      requestSent: false,
    });
    expect((await Promise.all(sent)).map(({ kind }) => kind)).toEqual(['Timeout', 'Timeout']);
  });
});

describe('a host that gets on', () => {
  it('is sent two requests at a time, and all are answered', async () => {
    let running = 0;
    let most = 0;
    server.handler = (_request, response) => {
      running += 1;
      most = Math.max(most, running);
      setImmediate(() => {
        running -= 1;
        response.end();
      });
    };
    expect(await Promise.all(Array.from({ length: 20 }, () => get()))).toEqual(Array(20).fill(200));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('is not left alone for answers that make no sense', async () => {
    server.handler = (_request, response) => void response.destroy();
    for (let time = 0; time < 5; time += 1) {
      expect(await failure(get())).toMatchObject({ kind: 'Reset' });
    }
  });
});

it('leaves what is forbidden, malformed or given up to the client', async () => {
  expect(await failure(client.request({ url: 'https://evil.test' }))).toMatchObject({
    kind: 'HostNotAllowed',
  });
  expect(await failure(client.request({ url: 'git.test' }))).toMatchObject({ kind: 'Other' });
  const signal = AbortSignal.abort();
  expect(await failure(client.request({ url: server.url(), signal }))).toMatchObject({ kind: 'Aborted' });
  expect(await failure(client.fetch(server.url(), { signal }))).toMatchObject({ kind: 'Aborted' });
});
