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

/** Texts of objects, each kept once for all that have it. Longer ones are seldom the same. */
const texts = new Map<string, string>();
const maxTexts = 4_096;
const maxTextChars = 200;

/**
 * Replaces the texts of an object by equal ones that others have: each parse makes its own, and what a thousand statuses
 * say is mostly the same. Texts that only one object has push the others out now and then, which costs one copy of each.
 */
function shareTexts(node: object): void {
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === 'object' && value !== null) shareTexts(value);
    else if (typeof value === 'string' && value.length <= maxTextChars)
      Reflect.set(node, name, shared(value));
  }
}

function shared(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= maxTexts) texts.clear();
  texts.set(text, text);
  return text;
}

/** Makes an empty store with the given indexes. */
export function createStore(indexes: Record<string, IndexFunction> = {}): WritableStore {
  const objects = new Map<ObjectKey, KubeObject>();
  /** What each object is indexed under, as {@link entriesOf} gives it: asking the functions again may be costly. */
  const entriesByKey = new Map<ObjectKey, readonly string[]>();
  const functions = Object.entries(indexes);
  // Most values belong to one object alone, for which a set would cost ten times as much memory.
  const indexed = new Map(functions.map(([name]) => [name, new Map<string, ObjectKey | Set<ObjectKey>>()]));

  /** Names of indexes and values of an object by turns: one list costs a third of the memory of pairs. */
  function entriesOf(object: KubeObject): string[] {
    return functions.flatMap(([name, values]) => values(object).flatMap((value) => [name, value]));
  }

  function* pairsIn(entries: readonly string[]) {
    for (let at = 0; at < entries.length; at += 2)
      yield { byValue: indexed.get(entries[at] ?? ''), value: entries[at + 1] ?? '' };
  }

  function index(key: ObjectKey, entries: readonly string[]): void {
    entriesByKey.set(key, entries);
    for (const { byValue, value } of pairsIn(entries)) {
      const found = byValue?.get(value);
      if (found === undefined) byValue?.set(value, key);
      else if (typeof found === 'string') byValue?.set(value, new Set([found, key]));
      else found.add(key);
    }
  }

  function unindex(key: ObjectKey): void {
    for (const { byValue, value } of pairsIn(entriesByKey.get(key) ?? [])) {
      const found = byValue?.get(value);
      if (typeof found === 'object') found.delete(key);
      if (found === key || (typeof found === 'object' && found.size === 0)) byValue?.delete(value);
    }
    entriesByKey.delete(key);
  }

  function put(object: KubeObject, origin: Change['origin']): Change[] {
    const key = keyOf(object);
    const previous = objects.get(key);
    // Equality is all that a resourceVersion may be used for. The same one is the same state.
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    // Before anything changes: an index function that throws leaves the store as it was.
    const entries = entriesOf(object);
    if (previous !== undefined) unindex(key);
    shareTexts(object);
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
      const found = keys.get(value) ?? [];
      return (typeof found === 'string' ? [found] : [...found]).flatMap((key) => objects.get(key) ?? []);
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
