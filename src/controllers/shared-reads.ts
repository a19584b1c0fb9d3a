import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Store } from '../kube/store.ts';
import { bounds } from '../lib/bounds.ts';
import { orAbort } from '../lib/deadline.ts';
import { durations } from '../lib/durations.ts';

/** What shared reads are made with. */
export interface SharedReadsOptions {
  kube: Pick<KubeClient, 'get'>;
  /** Metadata of the objects, by the plural of their kind. */
  stores: Readonly<Record<string, Pick<Store, 'get'>>>;
  /** Epoch milliseconds. */
  now: () => number;
}

interface Read {
  /** The version that the cache of metadata knew when the read began: what was read is not older. */
  version: string;
  startedAtMs: number;
  object: Promise<KubeObject | undefined>;
}

/** For a wave of passes; nothing of a Secret is kept in memory for much longer. */
const keptMs = durations.operator.keptReadMs;
const readTimeoutMs = durations.operator.readTimeoutMs;
const { maxChars, maxEntries } = bounds.sharedRead;

/** Reads that are shared; see {@link createSharedReads}. */
export interface SharedReads extends Pick<KubeClient, 'get'> {
  /** The same for those who want to see what there is now: a read serves them that began after that time. */
  since(requestedAtMs: number): Pick<KubeClient, 'get'>;
}

/** Reads that are shared with no one. */
export function unsharedReads(kube: Pick<KubeClient, 'get'>): SharedReads {
  const reader: Pick<KubeClient, 'get'> = { get: (...request) => kube.get(...request) };
  return { ...reader, since: () => reader };
}

/**
 * Reads whole objects, each version once for all who ask within ten seconds: 1,000 integrations that name one Secret
 * cost one read. An object that the cache does not know is read each time.
 */
export function createSharedReads({ kube, stores, now }: SharedReadsOptions): SharedReads {
  /** In the order of their starts. */
  const reads = new Map<string, Read>();

  function dropOld(): void {
    for (const [id, { startedAtMs }] of reads) {
      if (startedAtMs > now() - keptMs && reads.size <= maxEntries) return;
      reads.delete(id);
    }
  }

  function readSince(requestedAtMs: number): KubeClient['get'] {
    return (resource, key, signal, options) => {
      dropOld();
      const version = stores[resource.plural]?.get(key)?.metadata.resourceVersion;
      if (version === undefined) return kube.get(resource, key, signal, options);
      const id = `${resource.plural} ${key} ${options?.dataKey ?? ''}`;
      const former = reads.get(id);
      if (former?.version === version && former.startedAtMs > requestedAtMs)
        return orAbort(former.object, signal);
      const object = kube.get(resource, key, AbortSignal.timeout(readTimeoutMs), options);
      const read = { version, startedAtMs: now(), object };
      reads.delete(id);
      reads.set(id, read);
      const forget = (): void => void (reads.get(id) === read && reads.delete(id));
      // A failure is for those who wait for it, and the next one asks again. So is a value of an unusual size: a
      // thousand of them would fill the memory.
      object.then((found) => sizeOf(found) > maxChars && forget(), forget);
      return orAbort(object, signal);
    };
  }

  return {
    get: readSince(Number.NEGATIVE_INFINITY),
    since: (requestedAtMs) => ({ get: readSince(requestedAtMs) }),
  };
}

function sizeOf(object: KubeObject | undefined): number {
  return JSON.stringify(object?.['data'] ?? '').length;
}
