import { type Clock, sleep, systemClock } from '../lib/clock.ts';
import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';
import { createChangeFeed } from './change-feed.ts';
import type { KubeClient } from './client.ts';
import { isForbidden, KubeStatusError } from './errors.ts';
import type { Informer } from './informer.ts';
import { errorFields, type Log } from './log.ts';
import type { KubeObject, ObjectKey, Resource } from './object.ts';
import { createStore } from './store.ts';

/** Options for {@link createPolledInformer}. */
export interface PolledInformerOptions {
  client: Pick<KubeClient, 'get'>;
  resource: Resource;
  keys: readonly ObjectKey[];
  /** Time between two looks. */
  intervalMs: number;
  log: Log;
  clock?: Clock;
}

/**
 * An informer of a few objects that one may get, but neither list nor watch: it gets each of them now and then.
 * An object that is refused (403) counts as unknown: its last state stays, and it blocks no other.
 */
export function createPolledInformer(options: PolledInformerOptions): Informer {
  const { client, resource, keys, intervalMs, clock = systemClock } = options;
  const log = options.log.child({ resource: resource.plural });
  const store = createStore();
  const feed = createChangeFeed(store, log);
  const synced = Promise.withResolvers<void>();
  let isSynced = false;
  let contactAt = Number.NEGATIVE_INFINITY;

  async function look(key: ObjectKey, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return await client.get(resource, key, signal);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return store.get(key);
    }
  }

  async function round(signal: AbortSignal): Promise<void> {
    try {
      const found = await Promise.all(keys.map((key) => look(key, signal)));
      feed.emit(store.replace(found.filter((object) => object !== undefined)));
      contactAt = clock.now();
      isSynced = true;
      synced.resolve();
    } catch (error) {
      if (error instanceof KubeStatusError) contactAt = clock.now();
      if (!signal.aborted) log.warn(errorFields(error), 'A check failed; retrying.');
    }
  }

  return {
    resource,
    store,
    async run(signal) {
      while (!signal.aborted) {
        await round(signal);
        await sleep(
          isSynced ? intervalMs : Math.min(intervalMs, durations.operator.namespaceRetryMs),
          signal,
          clock,
        );
      }
    },
    synced: () => isSynced,
    refresh: round,
    whenSynced: (signal) => orAbort(synced.promise, signal),
    onChange: (handler) => feed.onChange(handler),
    contactAgeMs: () => clock.now() - contactAt,
  };
}
