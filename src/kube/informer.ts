import type { Clock } from '../lib/clock.ts';
import { orAbort } from '../lib/deadline.ts';
import type { Backoff } from './backoff.ts';
import { createChangeFeed } from './change-feed.ts';
import type { KubeClient, Selection } from './client.ts';
import type { Log } from './log.ts';
import type { Resource } from './object.ts';
import { createReflector, type Reflector, type ReflectorMetrics } from './reflector.ts';
import { type Change, createStore, type IndexFunction, type Store } from './store.ts';

/** Options for {@link createInformer}. */
export interface InformerOptions extends Omit<Selection, 'namespace'> {
  client: Pick<KubeClient, 'list' | 'watch'>;
  resource: Resource;
  /**
   * Fill the store from these namespaces, each with its own list and watch. One that refuses (403) counts as
   * empty until it no longer does, so that it blocks no other. Empty: follow nothing. Default: all namespaces.
   */
  namespaces?: readonly string[];
  indexes?: Record<string, IndexFunction>;
  log: Log;
  metrics?: ReflectorMetrics;
  clock?: Clock;
  random?: () => number;
  /** See ReflectorOptions. */
  watchSeconds?: number;
  graceMs?: number;
  backoff?: Backoff;
}

/** A store that follows one kind on the server, and reports each change. */
export interface Informer {
  readonly resource: Resource;
  store: Store;
  /** Follows the server until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** True once the first list is in the store; stays true. */
  synced(): boolean;
  /** Resolves when synced. @throws the signal's reason */
  whenSynced(signal: AbortSignal): Promise<void>;
  /**
   * Lists once more and stores that, for callers that have to know all that others wrote until now: a watch may lag
   * behind. Resolves also when this login lacks permission to list. @throws the signal's reason
   */
  refresh(signal: AbortSignal): Promise<void>;
  /**
   * Calls the handler after each change of the store, in order. A handler that comes late first gets `added` for
   * all that is there. One that throws is logged and does not hold up the others; it gets no second chance, so
   * handlers should do no more than put keys on a queue.
   */
  onChange(handler: (change: Change) => void): void;
  /**
   * Milliseconds since the server last answered the watch that heard the least, even with an error; Infinity before.
   * For liveness probes.
   */
  contactAgeMs(): number;
}

/** Makes an informer. It does nothing until `run`. */
export function createInformer(options: InformerOptions): Informer {
  const { client, resource, namespaces, indexes, metadataOnly, fieldSelector, ...rest } = options;
  const log = options.log.child({ resource: resource.plural });
  const store = createStore(indexes);
  const feed = createChangeFeed(store, log);
  const synced = Promise.withResolvers<void>();
  const waiting = new Set<string | undefined>(namespaces ?? [undefined]);
  if (waiting.size === 0) synced.resolve();

  function settled(namespace: string | undefined): void {
    if (waiting.delete(namespace) && waiting.size === 0) synced.resolve();
  }

  function reflect(namespace: string | undefined): Reflector {
    return createReflector({
      ...rest,
      client,
      resource,
      log: namespace === undefined ? log : log.child({ namespace }),
      selection: {
        ...(metadataOnly === undefined ? {} : { metadataOnly }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      },
      sink: {
        replace(items) {
          feed.emit(store.replace(items, namespace));
          settled(namespace);
        },
        put: (object) => feed.emit(store.put(object)),
        remove: (object) => feed.emit(store.remove(object)),
      },
      onRefused() {
        if (namespace !== undefined) settled(namespace);
      },
    });
  }

  const reflectors = (namespaces ?? [undefined]).map(reflect);

  return {
    resource,
    store,
    async run(signal) {
      await Promise.all(reflectors.map((reflector) => reflector.run(signal)));
    },
    synced: () => waiting.size === 0,
    async refresh(signal) {
      await Promise.all(reflectors.map((reflector) => reflector.refresh(signal)));
    },
    whenSynced: (signal) => orAbort(synced.promise, signal),
    onChange: (handler) => feed.onChange(handler),
    contactAgeMs: () => Math.max(0, ...reflectors.map((reflector) => reflector.contactAgeMs())),
  };
}

/**
 * Whether the server has answered each informer within a time, even with a refusal. One that waits for its first list
 * counts as well: there is nothing in it that could have grown old, and a new process would wait, too. For liveness.
 */
export function areInContact(
  informers: readonly Pick<Informer, 'synced' | 'contactAgeMs'>[],
  longestSilenceMs: number,
): boolean {
  return informers.every((informer) => !informer.synced() || informer.contactAgeMs() < longestSilenceMs);
}
