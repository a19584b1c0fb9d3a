import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeApiServer, startFakeApiServer } from '../../test/harness/fake-api-server.ts';
import type { KubeClient } from './client.ts';
import { createController } from './controller.ts';
import { createInformer } from './informer.ts';
import { silentLog } from './log.ts';
import { keyOf, type Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';
import { createWorkQueue } from './work-queue.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
};

let server: FakeApiServer;
let client: KubeClient;

beforeEach(async () => {
  server = await startFakeApiServer({ path: '/apis/test.io/v1/widgets' });
  client = createKubeClient({ connection: server.connection, userAgent: 'test' });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

it('10,000 reconciles need no more connections than there are workers, and one for the watch', {
  timeout: 600_000,
}, async () => {
  const workers = 8;
  const runs = 10_000;
  for (let i = 0; i < 100; i++) server.put(`w${i}`);
  const stop = new AbortController();
  const informer = createInformer({ client, resource: widgets, log: silentLog });
  const queue = createWorkQueue({ name: 'widgets' });
  let done = 0;
  const controller = createController({
    name: 'widgets',
    queue,
    workers,
    log: silentLog,
    async reconcile(key, { signal }) {
      await client.get(widgets, key, signal);
      if (++done === runs) stop.abort();
      // Again at once: the informer brings each object only once.
      queue.add(key);
      return {};
    },
  });
  informer.onChange(({ object }) => queue.add(keyOf(object)));
  await Promise.all([informer.run(stop.signal), controller.run(stop.signal)]);

  expect(server.requests.length).toBeGreaterThanOrEqual(runs);
  // undici opens one more where it finds a connection not yet free again.
  expect(server.connections).toBeLessThanOrEqual(2 * workers + 1);
});
