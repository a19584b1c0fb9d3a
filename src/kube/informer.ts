import type { Backoff } from './backoff.ts';
import type { KubeClient, Selection } from './client.ts';
import type { Clock } from './clock.ts';
import { orAbort } from './deadline.ts';
import { errorFields, type Log } from './log.ts';
import { type KubeObject, keyOf, type Resource } from './object.ts';
import { createReflector, type ReflectorMetrics } from './reflector.ts';
import { type Change, createStore, type IndexFunction, type Store } from './store.ts';

export interface InformerOptions extends Selection {
  client: Pick<KubeClient, 'list' | 'watch'>;
  resource: Resource;
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

/** A store that follows one kind on the server, and tells of each change. */
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
   * Lists once more and takes that over, for whoever has to know all that others wrote until now: a watch may lag
   * behind. Resolves also when this login may not list. @throws the signal's reason
   */
  refresh(signal: AbortSignal): Promise<void>;
  /**
   * Calls the handler after each change of the store, in order. A handler that comes late first gets `added` for
   * all that is there. One that throws is logged and does not hold up the others; it gets no second chance, so
   * handlers should do no more than put keys on a queue.
   */
  onChange(handler: (change: Change) => void): void;
  /** Milliseconds since the server last answered, be it with an error; Infinity before. For liveness probes. */
  contactAgeMs(): number;
}

/** A copy that kubectl leaves in each object, with the data of Secrets in it. Nobody here needs it. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Makes an informer. It does nothing until `run`. */
export function createInformer(options: InformerOptions): Informer {
  const { client, resource, indexes, metadataOnly, namespace, labelSelector, fieldSelector, ...rest } =
    options;
  const log = options.log.child({ resource: resource.plural });
  const store = createStore(indexes);
  const handlers: ((change: Change) => void)[] = [];
  const synced = Promise.withResolvers<void>();
  let isSynced = false;

  function tell(handler: (change: Change) => void, change: Change): void {
    try {
      handler(change);
    } catch (error) {
      log.error({ key: keyOf(change.object), ...errorFields(error) }, 'A change handler failed.');
    }
  }

  function emit(changes: Change[]): void {
    for (const change of changes) for (const handler of handlers) tell(handler, change);
  }

  const reflector = createReflector({
    ...rest,
    client,
    resource,
    log,
    selection: {
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    },
    sink: {
      replace(items) {
        emit(store.replace(items.map(withoutLastApplied)));
        isSynced = true;
        synced.resolve();
      },
      put: (object) => emit(store.put(withoutLastApplied(object))),
      remove: (object) => emit(store.remove(withoutLastApplied(object))),
    },
  });

  return {
    resource,
    store,
    run: (signal) => reflector.run(signal),
    synced: () => isSynced,
    refresh: (signal) => reflector.refresh(signal),
    whenSynced: (signal) => orAbort(synced.promise, signal),
    onChange(handler) {
      handlers.push(handler);
      for (const object of store.list()) tell(handler, { type: 'added', object, origin: 'list' });
    },
    contactAgeMs: () => reflector.contactAgeMs(),
  };
}

function withoutLastApplied(object: KubeObject): KubeObject {
  if (object.metadata.annotations?.[lastApplied] === undefined) return object;
  const { [lastApplied]: _, ...annotations } = object.metadata.annotations;
  return { ...object, metadata: { ...object.metadata, annotations } };
}
