import { describe, expect, it } from 'vitest';
import { createOwnWrites } from './own-writes.ts';

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
