import { afterEach, describe, expect, it } from 'vitest';
import { metricsHandler, probeHandler } from './http-handlers.ts';
import { type Listening, listen } from './listen.ts';
import type { AccessAnswer } from './metrics-access.ts';

let server: Listening;
afterEach(() => server.close());
const at = { host: '127.0.0.1', port: 0 };

describe('probes', () => {
  it.each([
    ['/healthz', true, 200],
    ['/healthz', false, 503],
    ['/readyz', true, 200],
    ['/readyz', false, 503],
    ['/other', true, 404],
  ])('%s while %s answers %d', async (path, good, status) => {
    server = await listen(probeHandler({ alive: () => good, ready: () => good }), at);
    const answer = await fetch(`http://${server.address}${path}`);
    expect(answer.status).toBe(status);
  });
});

async function* pieces(): AsyncIterable<string> {
  yield 'up 1\n';
  yield 'down 0\n';
}

describe('metrics', () => {
  it('serves what it is given', async () => {
    server = await listen(metricsHandler({ contentType: 'text/plain', text: pieces }), at);
    expect(await (await fetch(`http://${server.address}/metrics`)).text()).toBe('up 1\ndown 0\n');
    expect((await fetch(`http://${server.address}/`)).status).toBe(404);
  });

  it.each([
    ['gzip', 'gzip'],
    ['identity', null],
  ])('come as the scraper wants them: %s', async (accepted, encoding) => {
    server = await listen(metricsHandler({ contentType: 'text/plain', text: pieces }), at);
    const answer = await fetch(`http://${server.address}/metrics`, {
      headers: { 'accept-encoding': accepted },
    });
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(await answer.text()).toBe('up 1\ndown 0\n');
  });

  it('break off where they cannot be made', async () => {
    async function* broken(): AsyncIterable<string> {
      yield 'up 1\n';
      throw new Error('No more.');
    }
    server = await listen(metricsHandler({ contentType: 'text/plain', text: broken }), at);
    const answer = fetch(`http://${server.address}/metrics`).then((response) => response.text());
    await expect(answer).rejects.toThrow(TypeError);
  });

  it.each<[AccessAnswer, number]>([
    ['allowed', 200],
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['unavailable', 503],
  ])('are read by those who may: %s', async (answer, status) => {
    const access = {
      check: (header?: string) => Promise.resolve(header === 'Bearer a' ? answer : 'forbidden'),
    };
    server = await listen(metricsHandler({ contentType: 'text/plain', text: pieces, access }), at);
    const got = await fetch(`http://${server.address}/metrics`, { headers: { authorization: 'Bearer a' } });
    expect(got.status).toBe(status);
    expect((await got.text()).includes('up 1')).toBe(status === 200);
    expect(got.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
  });

  it('are only to be read', async () => {
    server = await listen(metricsHandler({ contentType: 'text/plain', text: pieces }), at);
    expect((await fetch(`http://${server.address}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('go to few at the same time, however slowly those read', async () => {
    const gate = Promise.withResolvers<void>();
    async function* waiting(): AsyncIterable<string> {
      yield 'up 1\n';
      await gate.promise;
    }
    server = await listen(metricsHandler({ contentType: 'text/plain', text: waiting }), at);
    const asked = await Promise.all(
      Array.from({ length: 12 }, () => fetch(`http://${server.address}/metrics`, { keepalive: false })),
    );
    expect(asked.map(({ status }) => status).filter((status) => status === 503)).toHaveLength(4);
    gate.resolve();
    await Promise.all(asked.map((answer) => answer.text()));
    const [after] = [await fetch(`http://${server.address}/metrics`)];
    expect(after.status).toBe(200);
    await after.text();
  });
});
