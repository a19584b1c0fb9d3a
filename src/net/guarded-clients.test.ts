import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settle } from '../../test/harness/manual-clock.ts';
import { authority, failure, startTestServer, type TestServer } from '../../test/harness/net/test-server.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { createGuard, type Guard, guardClients } from './guarded-clients.ts';
import type { HttpClient, HttpResponse } from './http-client.ts';
import { createHttpClientPool, type HttpClientPool, type Owner } from './http-client-pool.ts';

const policy: EgressPolicy = { allowedHosts: ['git.test', 'other.test'], allowPrivateNetworks: true };
let server: TestServer;
let clients: HttpClientPool;
let client: HttpClient;
let now: number;

beforeEach(async () => {
  now = 1_800_000_000_000;
  server = await startTestServer();
  clients = guardClients(
    createHttpClientPool({
      ca: [authority.pem],
      timeoutMs: 10_000,
      maxBodyBytes: 1000,
      userAgent: 'test/1',
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    }),
    createGuard({ patienceMs: 1000, now: () => now, threshold: 3, pauseMs: 30_000 }),
    { maxPerServer: 2, pauses: true },
  );
  client = clientOf('team-a');
});
afterEach(async () => {
  await clients.close();
  await server.close();
});

/** The client of a namespace. */
const clientOf = (namespace: string): HttpClient =>
  clients.get({ policy, owner: { namespace, connection: 'shared' } });
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
  it('is paused after three timeouts, and the error says so and until when', async () => {
    await timeOut(3);
    // On a slow machine a time-out may come before the connection.
    const asked = server.requests.length;
    const error = await failure(get());
    expect(error).toMatchObject({
      kind: 'HostPaused',
      message: 'git.test failed to respond several times in a row, so requests to it are paused.',
      host: 'git.test',
      requestSent: false,
      retryAtMs: now + 30_000,
    });
    expect(server.requests).toHaveLength(asked);
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

  it('is paused for all clients of the namespace, for what libraries fetch too', async () => {
    await timeOut(3);
    const other = clients.get({
      policy: { ...policy, allowedHosts: ['git.test'] },
      owner: { namespace: 'team-a', connection: 'another' },
    });
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

describe('what hangs for one namespace', () => {
  const of = (namespace: string, host = 'git.test') =>
    clientOf(namespace)
      .request({ url: server.url('/', host) })
      .then(({ status }) => status);

  it('pauses the host for that namespace alone', async () => {
    await timeOut(3);
    server.handler = (_request, response) => void response.end();
    expect(await failure(of('team-a'))).toMatchObject({ kind: 'HostPaused' });
    expect(await of('team-b')).toBe(200);
  });

  it('leaves another namespace room at the same host', async () => {
    server.handler = hang;
    const sent = [tryToGet(1500), tryToGet(1500)];
    await vi.waitUntil(() => server.requests.length === 2);
    server.handler = (_request, response) => void response.end();
    expect(await of('team-b')).toBe(200);
    await Promise.all(sent);
  });
});

describe('a namespace', () => {
  let guard: Guard;
  /** Requests that were sent and are not answered yet. */
  let sent: PromiseWithResolvers<HttpResponse>[];
  let many: HttpClientPool;

  beforeEach(() => {
    sent = [];
    guard = createGuard({ capacity: 64, patienceMs: 200, now: () => now });
    const request = (): Promise<HttpResponse> => {
      const answer = Promise.withResolvers<HttpResponse>();
      sent.push(answer);
      return answer.promise;
    };
    const close = () => Promise.resolve();
    const unguarded: HttpClientPool = { get: () => ({ request, fetch, close }), close };
    many = guardClients(unguarded, guard, { maxPerServer: 4, pauses: true });
  });

  const ask = (owner: Owner, url: string) => many.get({ policy, owner }).request({ url });
  const headers = { get: () => undefined, entries: () => [] };
  const answer = (request: PromiseWithResolvers<HttpResponse> | undefined): void =>
    request?.resolve({ status: 200, headers, body: undefined });
  const evil = { namespace: 'evil', connection: 'evil' };

  it.each([
    { name: 'sub-domains', url: (index: number) => `https://h${index}.evil.example`, most: 4 },
    { name: 'ports', url: (index: number) => `https://evil.example:${1000 + index}`, most: 4 },
    { name: 'hosts', url: (index: number) => `https://evil-${index}.example`, most: 8 },
    { name: 'addresses', url: (index: number) => `https://192.0.2.${index}`, most: 8 },
    { name: 'questions', url: (index: number) => `https://evil.example/${index}`, most: 4 },
  ])('that asks many $name which hang has its share, and no more', async ({ url, most }) => {
    const refused: unknown[] = [];
    for (let index = 0; index < 100; index++)
      void ask(evil, url(index)).catch((error: unknown) => refused.push(error));
    await settle();
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length).toBeLessThanOrEqual(most);
    const before = sent.length;
    const good = ask({ namespace: 'good', connection: 'shared' }, 'https://git.example.com');
    await vi.waitUntil(() => sent.length === before + 1);
    answer(sent.at(-1));
    await expect(good).resolves.toMatchObject({ status: 200 });
    await vi.waitUntil(() => refused.length === 100 - before);
    for (const error of refused) expect(error).toMatchObject({ kind: 'HostBusy', requestSent: false });
  });

  it('that has nothing under way finds room, however many others have requests that hang', async () => {
    const asked = Array.from({ length: 600 }, (_, index) => {
      const owner = { namespace: `evil-${index % 30}`, connection: `own-${index % 30}` };
      const url = `https://h${index}.evil-${index}.example:${index + 1}`;
      return ask(owner, url).catch(() => 'failed');
    });
    await settle();
    expect(guard.running).toBeGreaterThan(30);
    const before = sent.length;
    const good = ask({ namespace: 'good', connection: 'shared' }, 'https://git.example.com');
    await vi.waitUntil(() => sent.length === before + 1);
    answer(sent.at(-1));
    await expect(good).resolves.toMatchObject({ status: 200 });
    while (guard.running > 0) {
      for (const request of sent) request.reject(new Error('hung up'));
      await settle();
    }
    await Promise.all(asked);
  });

  it('at another server of the same connection and domain finds room, however many wait for one that hangs', async () => {
    for (let index = 0; index < 200; index++) {
      const owner = { namespace: `team-${index % 50}`, connection: 'shared' };
      void ask(owner, `https://git.example.com/${index}`).catch(() => {});
    }
    await settle();
    const before = sent.length;
    expect(before).toBeLessThanOrEqual(13);
    const good = ask({ namespace: 'good', connection: 'shared' }, 'https://codemie.example.com');
    await vi.waitUntil(() => sent.length === before + 1);
    answer(sent.at(-1));
    await expect(good).resolves.toMatchObject({ status: 200 });
  });

  it('waits for its turn, and not for all that another one asks before it', async () => {
    const slow = Array.from({ length: 50 }, (_, index) =>
      ask({ namespace: 'busy', connection: 'shared' }, `https://git.example.com/${index}`),
    );
    const more = Array.from({ length: 50 }, (_, index) =>
      ask({ namespace: 'eager', connection: 'shared' }, `https://git.example.com/${index}`),
    );
    const good = ask({ namespace: 'good', connection: 'shared' }, 'https://git.example.com');
    let answered = 0;
    void good.then(() => (answered = sent.indexOf(sent.at(-1) ?? Promise.withResolvers())));
    for (let index = 0; index < 101; index++) {
      await vi.waitUntil(() => sent.length > index);
      answer(sent[index]);
    }
    await Promise.all([...slow, ...more, good]);
    expect(answered).toBeLessThan(20);
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

  it('is not paused for answers that make no sense', async () => {
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
