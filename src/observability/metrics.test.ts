import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createInformer } from '../kube/informer.ts';
import { silentLog } from '../kube/log.ts';
import { createMetrics, measureCaches } from './metrics.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const secret = { metadata: { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' } };

describe('metrics', () => {
  it('tell who leads', async () => {
    const registry = new Registry();
    const { leading } = createMetrics(registry);
    leading('lease', false);
    expect(await registry.metrics()).toContain('leader_election_master_status{name="lease"} 0\n');
    leading('lease', true);
    expect(await registry.metrics()).toContain('leader_election_master_status{name="lease"} 1\n');
  });

  it('tell how long the event loop is held up', async () => {
    const registry = new Registry();
    createMetrics(registry);
    expect(await registry.metrics()).toContain('nodejs_eventloop_lag_p99_seconds ');
  });

  it('tell size and age of each cache, as they are when somebody asks', async () => {
    const registry = new Registry();
    let time = 0;
    const stop = new AbortController();
    const informer = createInformer({
      client: {
        list: () => Promise.resolve({ items: [secret], resourceVersion: '1' }),
        async *watch() {
          await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
          yield* [];
        },
      },
      resource: secrets,
      log: silentLog,
      clock: { now: () => time, setTimer: () => () => {} },
    });
    measureCaches(registry, [informer]);
    expect(await registry.metrics()).toContain(
      'codemie_cache_contact_age_seconds{resource="secrets"} +Inf\n',
    );

    const running = informer.run(stop.signal);
    await informer.whenSynced(stop.signal);
    time = 1500;
    const text = await registry.metrics();
    expect(text).toContain('codemie_cache_objects{resource="secrets"} 1\n');
    expect(text).toContain('codemie_cache_contact_age_seconds{resource="secrets"} 1.5\n');
    stop.abort();
    await running;
  });
});
