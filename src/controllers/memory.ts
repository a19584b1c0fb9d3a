import { parseRegistration, type Registration } from '../api/v1alpha1/git-integration-status.ts';
import { serverKey } from '../domain/claim.ts';
import type { ConfirmedWrite } from '../domain/registration-plan.ts';
import type { KubeClient } from '../kube/client.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/object.ts';
import type { Store } from '../kube/store.ts';
import { durations } from '../lib/durations.ts';

/**
 * What this process did to the rows of an object in CodeMie last. Listings that began before `atMs`, epoch milliseconds,
 * don't show it.
 */
export type RowChange = {
  /** Through which connection. */
  connectionUID: string;
  atMs: number;
} & (
  | {
      kind: 'written';
      /** What CodeMie confirmed; absent when the outcome of the write is unknown. */
      confirmed?: ConfirmedWrite;
      /** The request that the reconcile was made for, if there was one. */
      requestedAt?: string;
    }
  /** The deletion of the object was noticed, and its rows are yet to be removed. */
  | { kind: 'deleting' }
  | { kind: 'removed' }
);

/** One write to CodeMie. */
interface Write {
  connectionUID: string;
  /** The `serverKey` of the CodeMie that the connection led to. */
  server: string;
  /** The `claimKey` of the name that it gives the row. */
  claim: string;
}

/** What is remembered of the versions of an object. Connections need no more than this. */
export interface VersionMemory {
  /** This process replaced the version `before` by `after`. The same version means that nothing was written. */
  replacedVersion(key: ObjectKey, before: string, after: string): void;
  /** Whether the cache holds a version that this process has replaced. Where it does not, it has caught up. */
  isBehind(cached: KubeObject): boolean;
  /** The cache has no such object any more. */
  goneFromCache(key: ObjectKey): void;
}

/**
 * What this process knows of an object before the cache, a listing of CodeMie or the object's status shows it. There is
 * one entry per key, with three parts; each begins and ends with an event, which has its own method:
 *
 * - *versions* that this process replaced, until the cache shows a later one (`isBehind`). A reconcile that started in
 *   between would know nothing of the registration that the last one recorded.
 * - the *last change* of its rows, until the status records it (`statusWritten`), it is not to be relied on (`forgetChange`), or
 *   listings from before it are no longer in use. CodeMie's answer to a write has no row: the reconcile ends there, and a
 *   later one finds the row in a listing that many share. A process that loses this in a crash writes once more.
 * - the *claims* on the names that it is written under, from the finalizer until the cache shows the status that records
 *   them, or the finalizer is removed (`finalizerRemoved`). In the meantime the names are the object's; and until the status is
 *   written, its deletion is no reason to forget them (see `finalizeVanished`).
 *
 * Nothing here depends on what tenants write, so no part has a bound: an entry exists only for our own write.
 */
export interface Memory extends VersionMemory {
  /** Its rows in CodeMie changed, or are about to be removed. */
  rowsChanged(key: ObjectKey, change: RowChange): void;
  /** The last change, if it went through that connection. */
  lastChange(key: ObjectKey, connectionUID: string): RowChange | undefined;
  /** The request for a reconcile that the last write was made for. */
  handledRequest(key: ObjectKey): string | undefined;
  /** How many confirmed writes are yet to be recorded. */
  readonly unrecordedWrites: number;
  /** The last change is not to be relied on: the next reconcile takes CodeMie as it is then. */
  forgetChange(key: ObjectKey): void;

  /** The object has its finalizer, and writes for it follow. */
  finalizerAdded(object: KubeObject): void;
  /** A write for an object with a finalizer begins. Returns what takes it back if CodeMie refuses the write. */
  beginWrite(key: ObjectKey, write: Write): () => void;
  /** The objects that are written for under that name. */
  writersUnder(claim: string): KubeObject[];
  /** The names that are written for an object. */
  claimsOf(object: KubeObject): ReadonlySet<string>;
  /** The UIDs of the connections that an object is written through. */
  connectionsOf(object: KubeObject): ReadonlySet<string>;
  /** The writes for an object that led elsewhere: through another connection, or to another server. */
  writesElsewhere(object: KubeObject, place: Omit<Write, 'claim'>): readonly Write[];
  /** What a write made is removed, or can't be. */
  writeLeft(key: ObjectKey, write: Write): void;
  /** The objects that are written through the connection with that UID. */
  writersThrough(connectionUID: string): KubeObject[];
  /** The object of that key whose write no status records, unless it is the one with this UID. */
  unrecordedOther(key: ObjectKey, uid: string | undefined): KubeObject | undefined;
  /** The UIDs of the objects whose recorded registration has that row. @param server its `serverKey` */
  recordedHolders(server: string, id: string): string[];

  /** The status is written. The claims stay until the cache shows that, because others read them from there. */
  statusWritten(key: ObjectKey, registration: Registration | undefined): void;
  /** The finalizer is removed. The last change stays: an object of this name that is created next must not see old rows. */
  finalizerRemoved(key: ObjectKey): void;
  /** Another process works on the object now. */
  forget(key: ObjectKey): void;
}

interface Entry {
  /** Versions of the object that this process has replaced. */
  replaced: Set<string>;
  lastChange?: RowChange;
  claims?: Claims;
}

interface Claims {
  /** With its finalizer. */
  object: KubeObject;
  /** By `writeId`. */
  writes: Map<string, Write>;
  /** In the status that was written. */
  registration?: Registration | undefined;
}

/** Longer than any listing is in use. */
const changeKeptMs = durations.integrations.rememberedWriteMs;

/** With each status that is written, so many of those before are compared with the cache. */
const settledAtOnce = 4;

/** Creates an empty memory. @param cache where the objects are @param now epoch milliseconds */
export function createMemory(cache: Pick<Store, 'get'>, now: () => number): Memory {
  const entries = new Map<ObjectKey, Entry>();
  /** Those with a last change, in the order of these. */
  const changed = new Set<ObjectKey>();
  /** Those whose status is written and not in the cache yet, oldest first. */
  const recorded = new Set<ObjectKey>();
  const byClaim = new Map<string, Set<Claims>>();
  let unrecordedWrites = 0;

  function entryOf(key: ObjectKey): Entry {
    const entry = entries.get(key) ?? { replaced: new Set() };
    entries.set(key, entry);
    return entry;
  }

  function dropIfEmpty(key: ObjectKey): void {
    const entry = entries.get(key);
    if (entry?.replaced.size === 0 && !entry.lastChange && !entry.claims) entries.delete(key);
  }

  function endVersions(key: ObjectKey): void {
    entries.get(key)?.replaced.clear();
    dropIfEmpty(key);
  }

  function endChange(key: ObjectKey): void {
    const entry = entries.get(key);
    if (!entry?.lastChange) return;
    if (isConfirmed(entry.lastChange)) unrecordedWrites--;
    delete entry.lastChange;
    changed.delete(key);
    dropIfEmpty(key);
  }

  function endWrite(claims: Claims, id: string): void {
    const claim = claims.writes.get(id)?.claim;
    claims.writes.delete(id);
    if (claim === undefined || [...claims.writes.values()].some((write) => write.claim === claim)) return;
    const writers = byClaim.get(claim);
    writers?.delete(claims);
    if (writers?.size === 0) byClaim.delete(claim);
  }

  function endClaims(key: ObjectKey): void {
    const entry = entries.get(key);
    if (!entry?.claims) return;
    for (const id of entry.claims.writes.keys()) endWrite(entry.claims, id);
    delete entry.claims;
    recorded.delete(key);
    dropIfEmpty(key);
  }

  /** Ends the claims if the cache shows the status. Its signature covers the object's UID and all that was written. */
  function settle(key: ObjectKey): void {
    const registration = entries.get(key)?.claims?.registration;
    if (!registration) return;
    const shown = parseRegistration(cache.get(key)?.['status']);
    if (shown?.signature === registration.signature) endClaims(key);
  }

  function settleOldest(most = Number.POSITIVE_INFINITY): void {
    let left = most;
    for (const key of recorded) {
      if (left-- <= 0) return;
      settle(key);
    }
  }

  function writesFor(object: KubeObject): Write[] {
    settle(keyOf(object));
    const claims = entries.get(keyOf(object))?.claims;
    return claims?.object.metadata.uid === object.metadata.uid ? [...claims.writes.values()] : [];
  }

  return {
    replacedVersion(key, before, after) {
      if (before === after) return;
      const { replaced } = entryOf(key);
      replaced.add(before);
      replaced.delete(after);
    },
    isBehind(cached) {
      const key = keyOf(cached);
      if (entries.get(key)?.replaced.has(cached.metadata.resourceVersion)) return true;
      endVersions(key);
      return false;
    },
    goneFromCache: endVersions,

    rowsChanged(key, change) {
      endChange(key);
      entryOf(key).lastChange = change;
      changed.add(key);
      if (isConfirmed(change)) unrecordedWrites++;
      for (const oldest of changed) {
        const { atMs } = entries.get(oldest)?.lastChange ?? change;
        if (atMs > now() - changeKeptMs) return;
        endChange(oldest);
      }
    },
    lastChange(key, connectionUID) {
      const change = entries.get(key)?.lastChange;
      return change?.connectionUID === connectionUID ? change : undefined;
    },
    handledRequest(key) {
      const change = entries.get(key)?.lastChange;
      return change?.kind === 'written' ? change.requestedAt : undefined;
    },
    get unrecordedWrites() {
      return unrecordedWrites;
    },
    forgetChange: endChange,

    finalizerAdded(object) {
      const key = keyOf(object);
      const claims = entries.get(key)?.claims;
      if (claims?.object.metadata.uid !== object.metadata.uid) {
        endClaims(key);
        entryOf(key).claims = { object, writes: new Map() };
        return;
      }
      claims.object = object;
      claims.registration = undefined;
      recorded.delete(key);
    },
    beginWrite(key, write) {
      const claims = entries.get(key)?.claims;
      if (!claims) throw new TypeError('A write began for an object without finalizer.');
      const id = writeId(write);
      // An earlier one may have been carried out, whatever comes of this one.
      if (claims.writes.has(id)) return () => {};
      claims.writes.set(id, write);
      byClaim.set(write.claim, (byClaim.get(write.claim) ?? new Set()).add(claims));
      return () => endWrite(claims, id);
    },
    writersUnder(claim) {
      for (const { object } of byClaim.get(claim) ?? []) settle(keyOf(object));
      return [...(byClaim.get(claim) ?? [])].map(({ object }) => object);
    },
    claimsOf: (object) => new Set(writesFor(object).map(({ claim }) => claim)),
    connectionsOf: (object) => new Set(writesFor(object).map(({ connectionUID }) => connectionUID)),
    writesElsewhere: (object, { connectionUID, server }) =>
      writesFor(object).filter((write) => write.connectionUID !== connectionUID || write.server !== server),
    writeLeft(key, write) {
      const claims = entries.get(key)?.claims;
      if (claims) endWrite(claims, writeId(write));
    },
    writersThrough(uid) {
      settleOldest();
      return [...entries.values()].flatMap(({ claims }) => {
        const writes = [...(claims?.writes.values() ?? [])];
        return claims && writes.some(({ connectionUID }) => connectionUID === uid) ? [claims.object] : [];
      });
    },
    unrecordedOther(key, uid) {
      settle(key);
      const claims = entries.get(key)?.claims;
      if (!claims || claims.object.metadata.uid === uid) return undefined;
      if (!claims.registration) return claims.object;
      endClaims(key);
      return undefined;
    },
    recordedHolders(server, id) {
      settleOldest();
      return [...recorded].flatMap((key) => {
        const { object, registration } = entries.get(key)?.claims ?? {};
        const holds = registration?.id === id && serverKey(registration.server) === server;
        return holds && object ? [object.metadata.uid] : [];
      });
    },

    statusWritten(key, registration) {
      endChange(key);
      const claims = entries.get(key)?.claims;
      if (!claims || !registration) return;
      claims.registration = registration;
      recorded.add(key);
      // So that those of a wave are not all left to the next query.
      settleOldest(settledAtOnce);
    },
    finalizerRemoved: endClaims,
    forget(key) {
      endVersions(key);
      endChange(key);
      endClaims(key);
    },
  };
}

/** The claim names the server. */
function writeId({ connectionUID, claim }: Write): string {
  return JSON.stringify([connectionUID, claim]);
}

function isConfirmed(change: RowChange): boolean {
  return change.kind === 'written' && change.confirmed !== undefined;
}

/**
 * An object as the cache holds it, or as the API server does while the cache is behind our own last write. Undefined when
 * it is gone.
 *
 * @throws what the KubeClient throws
 */
export async function readCurrent(
  resource: Resource,
  key: ObjectKey,
  {
    kube,
    store,
    memory,
  }: { kube: Pick<KubeClient, 'get'>; store: Store; memory: Pick<VersionMemory, 'isBehind'> },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const cached = store.get(key);
  return cached && memory.isBehind(cached) ? kube.get(resource, key, signal) : cached;
}
