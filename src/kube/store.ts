import { type KubeObject, keyOf, type ObjectKey } from './object.ts';

/** A local copy of a kind. What it gives out is shared: never change it. */
export interface Store {
  get(key: ObjectKey): KubeObject | undefined;
  list(): Iterable<KubeObject>;
  readonly size: number;
  /** Objects for which the named index function gives `value`. @throws TypeError for an undeclared index */
  byIndex(name: string, value: string): KubeObject[];
}

/** The values under which an object is found; empty for "not in this index". Pure. */
export type IndexFunction = (object: KubeObject) => string[];

/** A change of the store. `previous` is the state before, for `updated`. */
export interface Change {
  type: 'added' | 'updated' | 'deleted';
  object: KubeObject;
  previous?: KubeObject;
  /** `list`: found by comparing with a whole list (start, or after an outage), so it may be old. */
  origin: 'list' | 'watch';
}

/** The store as its reflector sees it. Each method returns what has changed, in order. */
export interface WritableStore extends Store {
  /**
   * Stores a whole list, or that of one namespace: also finds what was deleted, or deleted and made again, in
   * between.
   */
  replace(items: KubeObject[], namespace?: string): Change[];
  put(object: KubeObject): Change[];
  remove(object: KubeObject): Change[];
}

/** Makes an empty store with the given indexes. */
export function createStore(indexes: Record<string, IndexFunction> = {}): WritableStore {
  const objects = new Map<ObjectKey, KubeObject>();
  /** What each object is indexed under: asking the functions again may be costly. */
  const entriesByKey = new Map<ObjectKey, [string, string][]>();
  const functions = Object.entries(indexes);
  const indexed = new Map(functions.map(([name]) => [name, new Map<string, Set<ObjectKey>>()]));

  /** All (index, value) pairs of an object. */
  function entriesOf(object: KubeObject): [string, string][] {
    return functions.flatMap(([name, values]) =>
      values(object).map((value): [string, string] => [name, value]),
    );
  }

  function index(key: ObjectKey, entries: [string, string][]): void {
    entriesByKey.set(key, entries);
    for (const [name, value] of entries) {
      const keys = indexed.get(name);
      const found = keys?.get(value);
      if (found === undefined) keys?.set(value, new Set([key]));
      else found.add(key);
    }
  }

  function unindex(key: ObjectKey): void {
    for (const [name, value] of entriesByKey.get(key) ?? []) {
      const found = indexed.get(name)?.get(value);
      found?.delete(key);
      if (found?.size === 0) indexed.get(name)?.delete(value);
    }
    entriesByKey.delete(key);
  }

  function put(object: KubeObject, origin: Change['origin']): Change[] {
    const key = keyOf(object);
    const previous = objects.get(key);
    // Before anything changes: an index function that throws leaves the store as it was.
    const entries = entriesOf(object);
    if (previous !== undefined) {
      // Equality is all that a resourceVersion may be used for. The same one is the same state.
      if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return [];
      unindex(key);
    }
    objects.set(key, object);
    index(key, entries);
    if (previous === undefined) return [{ type: 'added', object, origin }];
    if (previous.metadata.uid === object.metadata.uid) return [{ type: 'updated', object, previous, origin }];
    // The delete was missed: another object now has the name.
    return [
      { type: 'deleted', object: previous, origin },
      { type: 'added', object, origin },
    ];
  }

  function remove(object: KubeObject, origin: Change['origin']): Change[] {
    const key = keyOf(object);
    const previous = objects.get(key);
    // A late delete of an earlier incarnation does not touch the present one.
    if (previous === undefined || previous.metadata.uid !== object.metadata.uid) return [];
    objects.delete(key);
    unindex(key);
    return [{ type: 'deleted', object, origin }];
  }

  return {
    get: (key) => objects.get(key),
    list: () => objects.values(),
    get size() {
      return objects.size;
    },
    byIndex(name, value) {
      const keys = indexed.get(name);
      if (keys === undefined) throw new TypeError(`The store has no index "${name}".`);
      return [...(keys.get(value) ?? [])].flatMap((key) => objects.get(key) ?? []);
    },
    replace(items, namespace) {
      const listed = new Set(items.map(keyOf));
      const gone = [...objects.values()].filter(
        (object) =>
          (namespace === undefined || object.metadata.namespace === namespace) && !listed.has(keyOf(object)),
      );
      return [
        ...gone.flatMap((object) => remove(object, 'list')),
        ...items.flatMap((object) => put(object, 'list')),
      ];
    },
    put: (object) => put(object, 'watch'),
    remove: (object) => remove(object, 'watch'),
  };
}
