import { parseRegistration, type Registration } from '../../api/v1alpha1/git-integration-status.ts';
import { serverKey } from '../../domain/claim.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';

/** One write to CodeMie. */
interface Write {
  connectionUID: string;
  /** The `claimKey` of the name that it gives the row. */
  claim: string;
}

/**
 * The objects that this process writes to CodeMie for, from their finalizer on until the cache shows the status that
 * records it. In the meantime the names that they write are theirs; and until the status is written, their end is no
 * reason to forget them (see `finalizeVanished`).
 */
export interface Unrecorded {
  /** Notes an object with its finalizer, before the write. */
  note(object: KubeObject): void;
  /** Notes what is about to be written for a noted object. Returns what takes it back if CodeMie refuses the write. */
  begin(key: ObjectKey, write: Write): () => void;
  /** The object of that key whose status is not written yet, unless it is the one with this UID. */
  other(key: ObjectKey, uid: string | undefined): KubeObject | undefined;
  /** The objects that are written for under that name. */
  writing(claim: string): KubeObject[];
  /** The names that are written for an object. */
  claims(object: KubeObject): ReadonlySet<string>;
  /** The UIDs of the connections that an object is written through. */
  connections(object: KubeObject): ReadonlySet<string>;
  /** The objects that are written through the connection with that UID. */
  through(connectionUID: string): KubeObject[];
  /** The status is written. The object stays here until the cache shows that, because claims are read from there. */
  recorded(key: ObjectKey, registration: Registration): void;
  /** The UIDs of the objects whose written status names that row. @param server its `serverKey` */
  holders(server: string, id: string): string[];
  /** Nothing is left of the write. */
  forget(key: ObjectKey): void;
}

interface Entry {
  object: KubeObject;
  /** By connection and claim. */
  writes: Map<string, Write>;
  /** In the status that was written. */
  registration?: Registration | undefined;
}

/** With each that is recorded, so many of those before are looked up in the cache. */
const settledAtOnce = 4;

/** Creates an empty memory. @param cache the GitIntegrations */
export function createUnrecorded(cache: Pick<Store, 'get'>): Unrecorded {
  const entries = new Map<ObjectKey, Entry>();
  /** Those whose status is written, oldest first. */
  const recorded = new Set<ObjectKey>();
  const byClaim = new Map<string, Set<Entry>>();

  function end(entry: Entry, id: string): void {
    const claim = entry.writes.get(id)?.claim;
    entry.writes.delete(id);
    if (claim === undefined || [...entry.writes.values()].some((write) => write.claim === claim)) return;
    const writers = byClaim.get(claim);
    writers?.delete(entry);
    if (writers?.size === 0) byClaim.delete(claim);
  }

  function forget(key: ObjectKey): void {
    const entry = entries.get(key);
    if (!entry) return;
    for (const id of entry.writes.keys()) end(entry, id);
    entries.delete(key);
    recorded.delete(key);
  }

  /** Forgets an object once the cache shows its status. The signature covers the object's UID and all that was written. */
  function settle(key: ObjectKey): void {
    const { registration } = entries.get(key) ?? {};
    if (!registration) return;
    const shown = parseRegistration(cache.get(key)?.['status']);
    if (shown?.signature === registration.signature) forget(key);
  }

  /** In the order of their status, up to so many. */
  function settleOldest(most = Number.POSITIVE_INFINITY): void {
    let left = most;
    for (const key of recorded) {
      if (left-- <= 0) return;
      settle(key);
    }
  }

  const writesFor = (object: KubeObject): Write[] => {
    settle(keyOf(object));
    const entry = entries.get(keyOf(object));
    return entry?.object.metadata.uid === object.metadata.uid ? [...entry.writes.values()] : [];
  };

  return {
    note(object) {
      const key = keyOf(object);
      const entry = entries.get(key);
      if (entry?.object.metadata.uid === object.metadata.uid) {
        entry.object = object;
        entry.registration = undefined;
        recorded.delete(key);
        return;
      }
      forget(key);
      entries.set(key, { object, writes: new Map() });
    },
    begin(key, { connectionUID, claim }) {
      const entry = entries.get(key);
      if (!entry) throw new TypeError('A write began for an object that was not noted.');
      const id = JSON.stringify([connectionUID, claim]);
      // An earlier one may have been carried out, whatever comes of this one.
      if (entry.writes.has(id)) return () => {};
      entry.writes.set(id, { connectionUID, claim });
      byClaim.set(claim, (byClaim.get(claim) ?? new Set()).add(entry));
      return () => end(entry, id);
    },
    other(key, uid) {
      settle(key);
      const entry = entries.get(key);
      if (!entry || entry.object.metadata.uid === uid) return undefined;
      if (!entry.registration) return entry.object;
      forget(key);
      return undefined;
    },
    writing(claim) {
      for (const { object } of byClaim.get(claim) ?? []) settle(keyOf(object));
      return [...(byClaim.get(claim) ?? [])].map(({ object }) => object);
    },
    claims: (object) => new Set(writesFor(object).map(({ claim }) => claim)),
    through(uid) {
      settleOldest();
      return [...entries.values()]
        .filter(({ writes }) => [...writes.values()].some(({ connectionUID }) => connectionUID === uid))
        .map(({ object }) => object);
    },
    connections: (object) => new Set(writesFor(object).map(({ connectionUID }) => connectionUID)),
    recorded(key, registration) {
      const entry = entries.get(key);
      if (!entry) return;
      entry.registration = registration;
      recorded.add(key);
      // So that those of a wave are not all left to one who asks.
      settleOldest(settledAtOnce);
    },
    holders(server, id) {
      settleOldest();
      return [...recorded].flatMap((key) => {
        const { object, registration } = entries.get(key) ?? {};
        const holds = registration?.id === id && serverKey(registration.server) === server;
        return holds && object ? [object.metadata.uid] : [];
      });
    },
    forget,
  };
}
