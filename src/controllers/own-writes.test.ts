import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { createStore } from '../kube/store.ts';
import { createOwnWrites, readCurrent } from './own-writes.ts';

const cached = (resourceVersion: string) => ({
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});

describe('createOwnWrites', () => {
  it.each([
    ['nothing was written', [], '1', false],
    ['the cache has not heard of the write', [['1', '2']], '1', true],
    ['the cache has heard of the write', [['1', '2']], '2', false],
    ['somebody wrote after us', [['1', '2']], '3', false],
    [
      'the cache has heard of the first of two',
      [
        ['1', '2'],
        ['2', '3'],
      ],
      '2',
      true,
    ],
    ['the write changed nothing', [['1', '1']], '1', false],
  ] as const)('%s', (_, writes, version, expected) => {
    const own = createOwnWrites();
    for (const [before, after] of writes) own.note('n/a', before, after);
    expect(own.replaced(cached(version))).toBe(expected);
  });

  it('keeps objects apart, and forgets', () => {
    const own = createOwnWrites();
    own.note('n/b', '1', '2');
    expect(own.replaced(cached('1'))).toBe(false);
    own.note('n/a', '1', '2');
    own.forget('n/a');
    expect(own.replaced(cached('1'))).toBe(false);
  });
});

describe('readCurrent', () => {
  const things = { group: 'test.io', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

  it.each([
    { name: 'the cache, which has heard of our write', held: '2', stored: undefined, read: '2' },
    { name: 'the API server, while the cache has not', held: '1', stored: '2', read: '2' },
    { name: 'nothing that is gone meanwhile', held: '1', stored: undefined, read: undefined },
    { name: 'nothing that the cache does not hold', held: undefined, stored: '2', read: undefined },
  ])('gives $name', async ({ held, stored, read }) => {
    const store = createStore();
    if (held) store.replace([cached(held)]);
    const ownWrites = createOwnWrites();
    ownWrites.note('n/a', '1', '2');
    const get = async (): Promise<KubeObject | undefined> => (stored ? cached(stored) : undefined);
    const current = await readCurrent(
      things,
      'n/a',
      { kube: { get }, store, ownWrites },
      new AbortController().signal,
    );
    expect(current?.metadata.resourceVersion).toBe(read);
  });
});
