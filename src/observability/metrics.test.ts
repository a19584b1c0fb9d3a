import { Registry } from '@prometheus-io/client';
import { describe, expect, it } from 'vitest';
import { createInformer } from '../kube/informer.ts';
import { silentLog } from '../kube/log.ts';
import { createWorkQueue } from '../kube/work-queue.ts';
import { createMetrics, measureCaches, measureQueues } from './metrics.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const secret = { metadata: { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' } };

describe('metrics', () => {
  it('show who leads', async () => {
    const registry = new Registry();
    const { leading } = createMetrics(registry);
    leading('lease', false);
    expect(await registry.metrics()).toContain('leader_election_master_status{name="lease"} 0\n');
    leading('lease', true);
    expect(await registry.metrics()).toContain('leader_election_master_status{name="lease"} 1\n');
  });

  it('show how long the event loop is held up', async () => {
    const registry = new Registry();
    createMetrics(registry);
    expect(await registry.metrics()).toContain('nodejs_eventloop_lag_p99_seconds ');
  });

  it('show size and age of each cache at the time of the scrape', async () => {
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

  it('show how long workers have been at work', async () => {
    const registry = new Registry();
    let time = 0;
    const clock = { now: () => time, setTimer: () => () => {} };
    const queue = createWorkQueue({ name: 'things', clock, metrics: createMetrics(registry).queue });
    measureQueues(registry, [queue]);
    for (const key of ['a', 'b', 'c']) {
      queue.add(key);
      await queue.get(new AbortController().signal);
      time += 1_000;
    }
    queue.done('b');
    queue.addAfter('d', 5_000);
    const text = await registry.metrics();
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="things"} 3\n');
    expect(text).toContain('workqueue_unfinished_work_seconds{name="things"} 4\n');
    expect(text).toContain('workqueue_work_duration_seconds_sum{name="things"} 2\n');
    expect(text).toContain('codemie_workqueue_delayed{name="things"} 1\n');
  });

  it('begin with 0 where a rate must see the first failure', async () => {
    const registry = new Registry();
    const { controller } = createMetrics(registry);
    controller.made?.('things', 4);
    expect(await registry.metrics()).toContain(
      'controller_runtime_reconcile_errors_total{controller="things"} 0\n',
    );
    controller.reconciled?.('things', 'timeout', 1);
    controller.reconciled?.('things', 'retryAfter', 1);
    const text = await registry.metrics();
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="things"} 1\n');
    expect(text).toContain('controller_runtime_reconcile_timeouts_total{controller="things"} 1\n');
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="things"} 4\n');
  });

  it('count statuses without a name together, for tenants choose answers', async () => {
    const registry = new Registry();
    const { exchange } = createMetrics(registry);
    for (let status = 400; status < 700; status += 1)
      exchange('provider', { method: 'GET', url: '', host: 'h', status, durationMs: 1 });
    const lines = (await registry.metrics()).split('\n');
    const counts = lines.filter((line) => line.startsWith('codemie_http_requests_total{'));
    expect(counts.length).toBeLessThan(50);
    expect(counts.filter((line) => line.includes('result="404"'))).toHaveLength(1);
    expect(counts.filter((line) => line.includes('result="other status"'))).toHaveLength(1);
  });

  it('count at most 500 hosts apart, for tenants choose hosts', async () => {
    const registry = new Registry();
    const { exchange } = createMetrics(registry);
    for (let each = 0; each < 600; each += 1)
      exchange('codemie', { method: 'GET', url: '', host: `h${each}`, status: 200, durationMs: 1 });
    exchange('provider', { method: 'GET', url: '', host: 'h1', error: 'Timeout', durationMs: 1 });
    const lines = (await registry.metrics()).split('\n');
    const counts = lines.filter((line) => line.startsWith('codemie_http_requests_total{'));
    expect(counts).toHaveLength(502);
    expect(counts).toContain(
      'codemie_http_requests_total{target="codemie",host="other",method="GET",result="200"} 100',
    );
    expect(counts).toContain(
      'codemie_http_requests_total{target="provider",host="h1",method="GET",result="Timeout"} 1',
    );
  });
});
