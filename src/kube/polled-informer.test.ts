import { expect, it } from 'vitest';
import { createManualClock } from '../../test/harness/manual-clock.ts';
import { KubeStatusError } from './errors.ts';
import { silentLog } from './log.ts';
import type { KubeObject, Resource } from './object.ts';
import { createPolledInformer } from './polled-informer.ts';

const resource: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

function stage(keys: string[]) {
  const server = new Map<string, KubeObject>();
  const errors = new Map<string, Error>();
  const changes: string[] = [];
  const clock = createManualClock();
  const stop = new AbortController();
  const informer = createPolledInformer({
    client: {
      get(_resource, key) {
        const error = errors.get(key);
        return error ? Promise.reject(error) : Promise.resolve(server.get(key));
      },
    },
    resource,
    keys,
    intervalMs: 30_000,
    log: silentLog,
    clock,
  });
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
  const put = (name: string, resourceVersion: string): void =>
    void server.set(name, { metadata: { name, uid: name, resourceVersion, creationTimestamp: '' } });
  return { server, errors, changes, clock, stop, informer, put };
}

const code = (status: number): Error => new KubeStatusError('get', { code: status, reason: '' });

it('finds what is created, changed and deleted, one poll later', async () => {
  const { server, changes, clock, stop, informer, put } = stage(['a', 'b']);
  put('a', '1');
  const running = informer.run(stop.signal);
  await informer.whenSynced(stop.signal);
  expect(changes).toEqual(['added a']);
  put('a', '2');
  put('b', '3');
  await clock.advance(30_000);
  server.delete('a');
  await clock.advance(30_000);
  expect(changes).toEqual(['added a', 'updated a', 'added b', 'deleted a']);
  stop.abort();
  await running;
});

it('keeps what it knew of one that is refused, and polls the others', async () => {
  const { errors, changes, clock, stop, informer, put } = stage(['a', 'b']);
  put('a', '1');
  const running = informer.run(stop.signal);
  await clock.advance(0);
  errors.set('a', code(403));
  put('b', '2');
  await clock.advance(30_000);
  expect(changes).toEqual(['added a', 'added b']);
  expect(informer.store.get('a')).toBeDefined();
  stop.abort();
  await running;
});

it('is not synced while the server answers with errors, but hears of it', async () => {
  const { errors, clock, stop, informer } = stage(['a']);
  errors.set('a', code(500));
  const running = informer.run(stop.signal);
  await clock.advance(0);
  expect([informer.synced(), informer.contactAgeMs()]).toEqual([false, 0]);
  errors.clear();
  await clock.advance(1000);
  expect([informer.synced(), informer.contactAgeMs()]).toEqual([true, 0]);
  stop.abort();
  await running;
});
