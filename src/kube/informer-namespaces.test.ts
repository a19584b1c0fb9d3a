import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerStatus, type FakeApiServer, startFakeApiServer } from '../../test/harness/fake-api-server.ts';
import { eventually } from '../../test/harness/pace.ts';
import { createBackoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { createInformer, type Informer } from './informer.ts';
import { silentLog } from './log.ts';
import { keyOf, type Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

const keys = ({ store }: Informer): string[] => [...store.list()].map(keyOf).toSorted();

/** A server for the widgets of each of two namespaces. */
let a: FakeApiServer;
let b: FakeApiServer;
let clients: Record<string, KubeClient>;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  a = await startFakeApiServer({ path: '/apis/test.io/v1/namespaces/a/widgets' });
  b = await startFakeApiServer({ path: '/apis/test.io/v1/namespaces/b/widgets' });
  clients = {
    a: createKubeClient({ connection: a.connection, userAgent: 'test' }),
    b: createKubeClient({ connection: b.connection, userAgent: 'test' }),
  };
  stop = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await running;
  await Promise.all(Object.values(clients).map((client) => client.close()));
  await Promise.all([a.close(), b.close()]);
});

function start(namespaces: readonly string[]) {
  const changes: string[] = [];
  const of = (namespace: string | undefined): KubeClient => {
    const client = clients[namespace ?? ''];
    if (!client) throw new Error(`Nobody may ask for namespace ${namespace}.`);
    return client;
  };
  const informer = createInformer({
    client: {
      list: (resource, options) => of(options.namespace).list(resource, options),
      watch: (resource, options) => of(options.namespace).watch(resource, options),
    },
    resource: widgets,
    namespaces,
    log: silentLog,
    backoff: createBackoff({ baseMs: 5, maxMs: 20 }),
  });
  informer.onChange(({ type, object }) => changes.push(`${type} ${keyOf(object)}`));
  running = informer.run(stop.signal);
  return { informer, changes };
}

describe('an informer of several namespaces', () => {
  it('fills one store from all of them, and reports each change', async () => {
    a.put('one');
    b.put('one');
    const { informer, changes } = start(['a', 'b']);
    await informer.whenSynced(stop.signal);
    expect(keys(informer)).toEqual(['a/one', 'b/one']);
    await eventually(() => expect([a.watches, b.watches]).toEqual([1, 1]));
    b.put('two');
    a.remove('one');
    await eventually(() => expect(keys(informer)).toEqual(['b/one', 'b/two']));
    expect(changes.toSorted()).toEqual(['added a/one', 'added b/one', 'added b/two', 'deleted a/one']);
  });

  it('is synced when the last of them is, and as old as the one that hears the least', async () => {
    let answer = (): void => {};
    b.next('list', (response) => {
      answer = () => response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
    });
    const { informer } = start(['a', 'b']);
    await eventually(() => expect(a.watches).toBe(1));
    expect([informer.synced(), informer.contactAgeMs()]).toEqual([false, Number.POSITIVE_INFINITY]);
    answer();
    await informer.whenSynced(stop.signal);
    expect(informer.contactAgeMs()).toBeLessThan(15_000);
  });

  it('keeps what it knows of the others when one lists again', async () => {
    a.put('gone');
    b.put('stays');
    const { informer } = start(['a', 'b']);
    await eventually(() => expect([a.watches, b.watches]).toEqual([1, 1]));
    await a.stop();
    a.remove('gone');
    a.compact();
    a.put('new');
    await a.start();
    await eventually(() => expect(keys(informer)).toEqual(['a/new', 'b/stays']));
  });

  it('does not wait for one that refuses, and takes it up when it no longer does', async () => {
    a.put('one');
    b.put('two');
    b.always('list', answerStatus(403, 'Forbidden'));
    const { informer } = start(['a', 'b']);
    await informer.whenSynced(stop.signal);
    expect(keys(informer)).toEqual(['a/one']);
    expect(informer.contactAgeMs()).toBeLessThan(15_000);
    b.always('list', undefined);
    await eventually(() => expect(keys(informer)).toEqual(['a/one', 'b/two']));
  });

  it('follows nothing when there is none', async () => {
    const { informer } = start([]);
    await informer.whenSynced(stop.signal);
    await running;
    expect([informer.synced(), informer.contactAgeMs(), keys(informer)]).toEqual([true, 0, []]);
  });
});
