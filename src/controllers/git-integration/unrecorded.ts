import { type KubeObject, keyOf, type ObjectKey } from '../../kube/object.ts';

/**
 * The objects that this process writes to CodeMie for, from their finalizer on until their status tells of it. While
 * they are here, their end is no reason to forget them: see `vanished.ts`.
 */
export interface Unrecorded {
  /** Notes an object with its finalizer, before the write. */
  note(object: KubeObject): void;
  /** The object of that key, unless it is the one with this UID. */
  other(key: ObjectKey, uid: string | undefined): KubeObject | undefined;
  /** The status tells of the write, or nothing is left of it. */
  forget(key: ObjectKey): void;
}

/** Makes an empty memory. */
export function createUnrecorded(): Unrecorded {
  const objects = new Map<ObjectKey, KubeObject>();
  return {
    note: (object) => void objects.set(keyOf(object), object),
    other(key, uid) {
      const object = objects.get(key);
      return object?.metadata.uid === uid ? undefined : object;
    },
    forget: (key) => void objects.delete(key),
  };
}
