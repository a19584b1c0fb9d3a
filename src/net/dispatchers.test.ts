import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { attemptTimeoutMs } from './dispatchers.ts';
import { createHttpClient } from './http-client.ts';

/**
 * A server whose queue of connections is full until it is released, so that the kernel drops the first packet of a
 * further one and its client tries again after a second.
 */
const slow = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(workerData, 0, 0);
  });
`;

it('gives the first of several addresses more than 250 ms', async () => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(slow, { eval: true, workerData: gate });
  const [port] = await once(worker, 'message');
  const fillers = [1, 2, 3, 4].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  const client = createHttpClient({
    policy: { allowedHosts: ['git.test'], allowPrivateNetworks: true, allowHttp: true },
    timeoutMs: 10_000,
    maxBodyBytes: 1_000,
    userAgent: 'test/1',
    // No process listens at the second one.
    resolve: async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ],
    maySend: () => true,
  });
  const answer = client.request({ url: `http://git.test:${port}/` });
  setTimeout(() => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  }, 500);
  await expect(answer).resolves.toMatchObject({ status: 200 });
  for (const filler of fillers) filler.destroy();
  await client.close();
  await worker.terminate();
});

it.each([
  [10_000, 3_000],
  [6_000, 3_000],
  [100, 50],
])('leaves time for a second address: of %d ms, %d', (connectMs, attemptMs) => {
  expect(attemptTimeoutMs(connectMs)).toBe(attemptMs);
});
