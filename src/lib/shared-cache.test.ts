import { describe, expect, it } from 'vitest';
import { createSharedCache } from './shared-cache.ts';

describe('createSharedCache', () => {
  it('gives every tenant what one has stored', () => {
    const cache = createSharedCache<string>({ maxPerTenant: 2, max: 10 });
    cache.set('a', 'key', 'one');
    cache.set('b', 'key', 'two');
    expect(cache.get('key')).toBe('two');
    expect(cache.size).toBe(1);
    cache.delete('key');
    expect(cache.get('key')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('takes from the tenant that stores too much, and from no other', () => {
    const cache = createSharedCache<string>({ maxPerTenant: 3, max: 5 });
    cache.set('victim', 'theirs', 'x');
    for (let index = 0; index < 100; index++) cache.set('attacker', `key-${index}`, 'x');
    expect(cache.get('theirs')).toBe('x');
    expect(cache.get('key-96')).toBeUndefined();
    expect(cache.get('key-97')).toBe('x');
    expect(cache.size).toBe(4);
  });

  it('weighs a value again when it is stored again', () => {
    const cache = createSharedCache<string>({ maxPerTenant: 10, max: 10, weightOf: (text) => text.length });
    cache.set('a', 'first', 'x');
    cache.set('a', 'second', 'x');
    cache.set('b', 'second', 'x'.repeat(10));
    expect(cache.get('first')).toBeUndefined();
    expect(cache.get('second')).toHaveLength(10);
  });
});
