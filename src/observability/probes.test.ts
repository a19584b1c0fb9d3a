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

describe('metrics', () => {
  it('serves what it is given', async () => {
    server = await listen(
      metricsHandler(async () => ({ contentType: 'text/plain', body: 'up 1\n' })),
      at,
    );
    expect(await (await fetch(`http://${server.address}/metrics`)).text()).toBe('up 1\n');
    expect((await fetch(`http://${server.address}/`)).status).toBe(404);
  });
});
