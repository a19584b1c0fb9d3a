import { afterEach, describe, expect, it } from 'vitest';
import { type Listening, listen, metricsHandler, probeHandler } from './probes.ts';

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
    server = await listen(metricsHandler('text/plain', pieces), at);
    expect(await (await fetch(`http://${server.address}/metrics`)).text()).toBe('up 1\ndown 0\n');
    expect((await fetch(`http://${server.address}/`)).status).toBe(404);
  });

  it.each([
    ['gzip', 'gzip'],
    ['identity', null],
  ])('come as the scraper wants them: %s', async (accepted, encoding) => {
    server = await listen(metricsHandler('text/plain', pieces), at);
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
    server = await listen(metricsHandler('text/plain', broken), at);
    const answer = fetch(`http://${server.address}/metrics`).then((response) => response.text());
    await expect(answer).rejects.toThrow(TypeError);
  });
});
