import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answerStatus,
  answerStream,
  eventLine,
  type FakeApiServer,
  startFakeApiServer,
} from '../../test/harness/fake-api-server.ts';
import { eventually } from '../../test/harness/pace.ts';
import { createBackoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { createInformer, type Informer, type InformerOptions } from './informer.ts';
import { silentLog } from './log.ts';
import type { Resource } from './object.ts';
import { createKubeClient } from './rest-client.ts';
import type { Change } from './store.ts';

const widgets: Resource = {
  group: 'test.io',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: false,
};

let server: FakeApiServer;
let client: KubeClient;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  server = await startFakeApiServer({ path: '/apis/test.io/v1/widgets' });
  client = createKubeClient({ connection: server.connection, userAgent: 'test' });
  stop = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await running;
  await client.close();
  await server.close();
});

/** Starts an informer that comes back quickly, and keeps what it reported. */
function start(options: Partial<InformerOptions> = {}): { informer: Informer; changes: string[] } {
  const changes: string[] = [];
  const informer = createInformer({
    client,
    resource: widgets,
    log: silentLog,
    backoff: createBackoff({ baseMs: 5, maxMs: 20 }),
    ...options,
  });
  informer.onChange((change) => changes.push(describeChange(change)));
  running = informer.run(stop.signal);
  return { informer, changes };
}

const describeChange = ({ type, object, origin }: Change): string =>
  `${type} ${object.metadata.name} by ${origin}`;
const names = (informer: Informer): string[] =>
  [...informer.store.list()].map((object) => object.metadata.name).toSorted();
const lists = (): number => server.requests.filter(({ type }) => type === 'list').length;
const watches = (): number => server.requests.filter(({ type }) => type === 'watch').length;

function widget(name: string, resourceVersion: string, fields: object = {}): object {
  const metadata = { name, uid: `uid-${name}`, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { ...fields, metadata };
}

describe('an informer on a healthy server', () => {
  it('lists in pages, then watches from there with bookmarks and a timeout', async () => {
    for (let i = 0; i < 1201; i++) server.put(`w${i}`);
    const { informer } = start();
    await informer.whenSynced(stop.signal);
    expect(informer.store.size).toBe(1201);
    await eventually(() => expect(server.watches).toBe(1));
    const [first, second, third, watch] = server.requests;
    expect(Object.fromEntries(first?.query ?? [])).toEqual({ limit: '500' });
    expect(Object.fromEntries(second?.query ?? [])).toEqual({ limit: '500', continue: '500' });
    expect(Object.fromEntries(third?.query ?? [])).toEqual({ limit: '500', continue: '1000' });
    expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: server.resourceVersion,
    });
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(20);
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeLessThanOrEqual(40);
  });

  it('reports each change once and in order', async () => {
    server.put('a');
    const { informer, changes } = start();
    await eventually(() => expect(server.watches).toBe(1));
    server.put('b');
    server.put('a', { spec: 1 });
    server.remove('b');
    await eventually(() => expect(changes).toHaveLength(4));
    expect(changes).toEqual([
      'added a by list',
      'added b by watch',
      'updated a by watch',
      'deleted b by watch',
    ]);
    expect(names(informer)).toEqual(['a']);
    expect(informer.contactAgeMs()).toBeLessThan(15_000);
  });

  it('goes on from the last bookmark when a watch ends', async () => {
    start();
    await eventually(() => expect(server.watches).toBe(1));
    server.bookmark();
    const { resourceVersion } = server;
    server.closeWatches();
    await eventually(() => expect(watches()).toBe(2));
    expect(server.requests.at(-1)?.query.get('resourceVersion')).toBe(resourceVersion);
    expect(lists()).toBe(1);
  });

  it('asks for metadata only where configured, and keeps nothing else even if the server sends it', async () => {
    server.put('a', { data: { secret: 'x' } });
    const { informer } = start({ metadataOnly: true, fieldSelector: 'type=Opaque' });
    await eventually(() => expect(server.watches).toBe(1));
    const [list, watch] = server.requests;
    expect(list?.headers.accept).toBe('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
    expect(watch?.headers.accept).toBe('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
    expect(watch?.query.get('fieldSelector')).toBe('type=Opaque');
    expect(informer.store.get('a')).not.toHaveProperty('data');
  });

  it('keeps what is read of metadata, from lists and watches', async () => {
    const projectionOf = () => ({ labels: [], annotations: ['mine'], finalizers: [] });
    await client.close();
    client = createKubeClient({ connection: server.connection, userAgent: 'test', projectionOf });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'x' };
    const plain = { name: 'a', uid: 'u', resourceVersion: '5', creationTimestamp: '' };
    const metadata = { ...plain, annotations, labels: { a: 'b' }, ownerReferences: [{}] };
    const items = [{ metadata: { ...metadata, managedFields: [{ manager: 'kubectl' }] } }];
    const changed = { metadata: { ...metadata, resourceVersion: '6', managedFields: [] } };
    const { promise: sent, resolve: send } = Promise.withResolvers<void>();
    server.next('watch', (...args) => {
      void sent.then(() => answerStream([eventLine('MODIFIED', changed)], 'hang')(...args));
    });
    server.next('list', (response) =>
      response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items })),
    );
    const { informer } = start();
    await informer.whenSynced(stop.signal);
    const kept = { ...plain, annotations: { mine: 'x' }, labels: {} };
    expect(informer.store.get('a')?.metadata).toEqual(kept);
    send();
    await eventually(() => expect(informer.store.get('a')?.metadata.resourceVersion).toBe('6'));
    expect(informer.store.get('a')?.metadata).toEqual({ ...kept, resourceVersion: '6' });
  });
});

describe('the first list', () => {
  it.each([
    { name: '500', answer: answerStatus(500, 'InternalError') },
    { name: '401', answer: answerStatus(401, 'Unauthorized') },
    { name: 'a page of HTML', answer: answerStream(['<html>'], 'close') },
    { name: 'a reset', answer: answerStream(['{'], 'reset') },
  ])('ends with $name: it lists until it can', async ({ answer }) => {
    server.put('a');
    for (let i = 0; i < 3; i++) server.next('list', answer);
    const { informer } = start();
    expect(informer.contactAgeMs()).toBe(Number.POSITIVE_INFINITY);
    await informer.whenSynced(stop.signal);
    expect(names(informer)).toEqual(['a']);
  });

  it('takes all in one page when the continue token expires', async () => {
    for (let i = 0; i < 600; i++) server.put(`w${i}`);
    server.next('list', (response) =>
      response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: 'x' }, items: [] })),
    );
    server.next('list', answerStatus(410, 'Expired'));
    const { informer } = start();
    await informer.whenSynced(stop.signal);
    expect(informer.store.size).toBe(600);
    expect(server.requests[2]?.query.has('limit')).toBe(false);
    expect(lists()).toBe(3);
  });
});

describe('refresh', () => {
  it('brings what the watch has not brought, and the watch goes on from there', async () => {
    const { informer, changes } = start();
    await eventually(() => expect(server.watches).toBe(1));
    server.muteWatches();
    server.put('a');
    await informer.refresh(stop.signal);
    expect(names(informer)).toEqual(['a']);
    server.put('b');
    await eventually(() => expect(names(informer)).toEqual(['a', 'b']));
    expect(changes).toEqual(['added a by list', 'added b by watch']);
    expect(server.watches).toBe(1);
  });

  it('takes no list for it that began before', async () => {
    server.next('list', () => {});
    const { informer } = start();
    await eventually(() => expect(lists()).toBe(1));
    await informer.refresh(stop.signal);
    expect(lists()).toBe(2);
  });

  it('does not sleep out the wait after a fault', async () => {
    server.next('list', answerStatus(500, 'InternalError'));
    const { informer } = start({ backoff: createBackoff({ baseMs: 1e6, maxMs: 1e6 }) });
    await eventually(() => expect(informer.contactAgeMs()).toBeLessThan(15_000));
    await informer.refresh(stop.signal);
    expect(informer.synced()).toBe(true);
  });

  it('ends when the server refuses the list, and when the signal aborts', async () => {
    const { informer } = start();
    await informer.whenSynced(stop.signal);
    server.next('list', answerStatus(403, 'Forbidden'));
    await informer.refresh(stop.signal);
    server.always('list', () => {});
    const refreshed = informer.refresh(stop.signal);
    stop.abort(new Error('enough'));
    await expect(refreshed).rejects.toThrow('enough');
  });
});

describe('the stream of a watch', () => {
  it('may be cut anywhere, in characters as well', async () => {
    const line = Buffer.from(eventLine('ADDED', widget('a', '2000', { spec: 'žluťoučký kůň 🐎' })));
    const pieces = [...line].map((_, index) => line.subarray(index, index + 1));
    server.next('watch', answerStream(pieces, 'hang'));
    const { informer } = start();
    await eventually(() => expect(informer.store.get('a')).toHaveProperty('spec', 'žluťoučký kůň 🐎'));
  });

  it('may bring many events in one piece', async () => {
    const lines = Array.from({ length: 100 }, (_, i) =>
      eventLine('ADDED', widget(`w${i}`, String(2000 + i))),
    );
    server.next('watch', answerStream([lines.join('')], 'hang'));
    const { informer } = start();
    await eventually(() => expect(informer.store.size).toBe(100));
  });
});

describe('handlers', () => {
  it('one that throws is logged and keeps nothing from the others', async () => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (_: object, message: string) => void errors.push(message) };
    const { informer, changes } = start({ log: { ...log, child: () => log } });
    informer.onChange(() => {
      throw new Error('broken');
    });
    const after: string[] = [];
    informer.onChange((change) => after.push(describeChange(change)));
    await eventually(() => expect(server.watches).toBe(1));
    server.put('a');
    server.put('b');
    await eventually(() => expect(after).toEqual(['added a by watch', 'added b by watch']));
    expect(changes).toEqual(after);
    expect(errors).toEqual(['A change handler failed.', 'A change handler failed.']);
    expect(watches()).toBe(1);
  });

  it('one that is added late gets what is there', async () => {
    server.put('a');
    const { informer } = start();
    await informer.whenSynced(stop.signal);
    const late: string[] = [];
    informer.onChange((change) => late.push(describeChange(change)));
    expect(late).toEqual(['added a by list']);
  });
});

describe('the end', () => {
  it.each([
    { name: 'while it watches', before: () => eventually(() => expect(server.watches).toBe(1)) },
    { name: 'while the server is down', before: () => server.stop() },
    { name: 'before it began', before: () => Promise.resolve() },
  ])('run resolves when the signal aborts $name', async ({ before }) => {
    const { informer } = start({ backoff: createBackoff({ baseMs: 60_000, maxMs: 60_000 }) });
    await before();
    stop.abort();
    await expect(running).resolves.toBeUndefined();
    await expect(informer.whenSynced(stop.signal)).rejects.toThrow('aborted');
  });
});
