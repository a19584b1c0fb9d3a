import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KubeObject, keyOf } from './object.ts';
import { type Change, createStore } from './store.ts';

function object(name: string, fields: { uid?: string; version?: string; label?: string } = {}): KubeObject {
  const { uid = `uid-${name}`, version = '1', label } = fields;
  const labels = label === undefined ? {} : { labels: { group: label } };
  return {
    metadata: { name, namespace: 'ns', uid, resourceVersion: version, creationTimestamp: '', ...labels },
  };
}

const byLabel = (each: KubeObject): string[] => Object.values(each.metadata.labels ?? {});
const described = (changes: Change[]): string[] =>
  changes.map(({ type, object: each }) => `${type} ${each.metadata.name} ${each.metadata.uid}`);

describe('createStore', () => {
  it.each<{ name: string; before: KubeObject[]; put: KubeObject; want: string[] }>([
    { name: 'new', before: [], put: object('a'), want: ['added a uid-a'] },
    { name: 'changed', before: [object('a')], put: object('a', { version: '2' }), want: ['updated a uid-a'] },
    { name: 'the same version', before: [object('a')], put: object('a'), want: [] },
    {
      name: 'made again under its name',
      before: [object('a')],
      put: object('a', { uid: 'other', version: '2' }),
      want: ['deleted a uid-a', 'added a other'],
    },
  ])('put of an object that is $name', ({ before, put, want }) => {
    const store = createStore();
    store.replace(before);
    expect(described(store.put(put))).toEqual(want);
    expect(store.get('ns/a')).toBe(put.metadata.resourceVersion === '1' && before[0] ? before[0] : put);
  });

  it.each([
    { name: 'there', removed: object('a', { version: '9' }), want: ['deleted a uid-a'], left: 0 },
    { name: 'not there', removed: object('b'), want: [], left: 1 },
    { name: 'an earlier one of the name', removed: object('a', { uid: 'earlier' }), want: [], left: 1 },
  ])('remove of an object that is $name', ({ removed, want, left }) => {
    const store = createStore();
    store.replace([object('a')]);
    expect(described(store.remove(removed))).toEqual(want);
    expect(store.size).toBe(left);
  });

  it('replace finds what was added, changed, deleted and made again', () => {
    const store = createStore();
    store.replace([object('kept'), object('changed'), object('gone'), object('again')]);
    const changes = store.replace([
      object('kept'),
      object('changed', { version: '2' }),
      object('again', { uid: 'new', version: '3' }),
      object('added'),
    ]);
    expect(described(changes)).toEqual([
      'deleted gone uid-gone',
      'updated changed uid-changed',
      'deleted again uid-again',
      'added again new',
      'added added uid-added',
    ]);
    expect(changes.every(({ origin }) => origin === 'list')).toBe(true);
  });

  it('replace of one namespace leaves the others alone', () => {
    const store = createStore();
    const inNamespace = (namespace: string, name: string): KubeObject => {
      const made = object(name);
      return { ...made, metadata: { ...made.metadata, namespace } };
    };
    store.replace([inNamespace('a', 'one'), inNamespace('b', 'two')]);
    expect(described(store.replace([inNamespace('a', 'three')], 'a'))).toEqual([
      'deleted one uid-one',
      'added three uid-three',
    ]);
    expect([...store.list()].map(keyOf)).toEqual(['b/two', 'a/three']);
  });

  it('an index always gives what a search through all would', () => {
    const label = fc.constantFrom('x', 'y', undefined);
    const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), label, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const store = createStore({ label: byLabel });
        steps.forEach(({ name, label: value, remove }, index) => {
          const next = object(name, {
            version: String(index),
            ...(value === undefined ? {} : { label: value }),
          });
          if (remove) store.remove(next);
          else store.put(next);
        });
        for (const value of ['x', 'y']) {
          const found = store.byIndex('label', value).map(keyOf).toSorted();
          const want = [...store.list()].filter((each) => byLabel(each).includes(value)).map(keyOf);
          expect(found).toEqual(want.toSorted());
        }
      }),
    );
  });

  it('an index function that throws leaves the store as it was', () => {
    const store = createStore({
      broken: () => {
        throw new Error('broken');
      },
    });
    expect(() => store.put(object('a'))).toThrow('broken');
    expect(store.size).toBe(0);
  });

  it('an undeclared index is a fault of the program', () => {
    expect(() => createStore().byIndex('nothing', 'x')).toThrow(TypeError);
  });
});
