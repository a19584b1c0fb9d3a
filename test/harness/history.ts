import type { KubeObject, ObjectKey, Resource } from '../../src/kube/object.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { Cluster } from './cluster.ts';
import { stretched } from './pace.ts';

/** Every version of the objects of some kinds that a watch has shown, oldest first. */
export interface History {
  /** All versions of one object so far. */
  versionsOf(resource: Resource, key: ObjectKey): readonly KubeObject[];
  /** All versions of all objects of the kind so far. */
  versions(resource: Resource): readonly KubeObject[];
  /** Waits until the newest version is as wanted; `undefined` stands for an object that is gone. */
  until(
    what: string,
    resource: Resource,
    key: ObjectKey,
    wanted: (object: KubeObject | undefined) => boolean,
  ): Promise<void>;
  /** Ends the watches. @throws what made one of them end early: versions may be missing then */
  stop(): Promise<void>;
}

interface Entry {
  key: ObjectKey;
  object: KubeObject;
  deleted: boolean;
}

/** A watch lives longer than any test. */
const timeoutSeconds = 600;
/** On a quiet machine. */
const patienceMs = 45_000;

/**
 * Starts to record the objects that `belongs` picks. What happens from now on is seen version by version, as a GitOps
 * tool might see it.
 */
export async function recordHistory(
  { client }: Cluster,
  resources: readonly Resource[],
  belongs: (object: KubeObject) => boolean,
): Promise<History> {
  const ended = new AbortController();
  const entries = new Map(resources.map((resource) => [resource.plural, [] as Entry[]]));
  const listeners = new Set<() => void>();
  const { signal } = ended;

  async function follow(resource: Resource, resourceVersion: string): Promise<void> {
    const watch = client.watch(resource, { resourceVersion, timeoutSeconds, signal });
    for await (const event of watch) {
      if (event.type === 'ERROR') throw event.error;
      if (event.type === 'BOOKMARK') continue;
      const { object } = event;
      if (!belongs(object)) continue;
      entriesOf(resource).push({ key: keyOf(object), object, deleted: event.type === 'DELETED' });
      for (const listener of listeners) listener();
    }
    throw new Error(`The watch of ${resource.plural} has ended.`);
  }

  function entriesOf(resource: Resource): Entry[] {
    const known = entries.get(resource.plural);
    if (!known) throw new Error(`${resource.plural} are not recorded.`);
    return known;
  }

  const starts = await Promise.all(
    resources.map(async (resource) => (await client.list(resource, { signal })).resourceVersion),
  );
  const following = resources.map((resource, index) => follow(resource, starts[index] ?? ''));
  const failed = Promise.all(following).then(
    () => undefined,
    (cause: unknown) => (signal.aborted ? undefined : new Error('A watch has ended early.', { cause })),
  );

  return {
    versionsOf: (resource, key) =>
      entriesOf(resource)
        .filter((entry) => entry.key === key && !entry.deleted)
        .map(({ object }) => object),
    versions: (resource) => entriesOf(resource).map(({ object }) => object),
    until(what, resource, key, wanted) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const last = entriesOf(resource).findLast((entry) => entry.key === key);
          if (!last || !wanted(last.deleted ? undefined : last.object)) return;
          finish();
          resolve();
        };
        const late = setTimeout(() => {
          finish();
          const last = entriesOf(resource).findLast((entry) => entry.key === key);
          reject(
            new Error(`Waited in vain for ${what}. Last seen: ${JSON.stringify(last?.object['status'])}`),
          );
        }, stretched(patienceMs));
        const finish = (): void => {
          clearTimeout(late);
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      });
    },
    async stop() {
      ended.abort();
      const error = await failed;
      if (error) throw error;
    },
  };
}
