import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createSharedCache, keptError } from './shared-cache.ts';

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

/** A failure about an answer of some 800 kB, as it is judged: by a function that has the answer. */
function failureOf(answer: readonly number[]): Error {
  const judge = (verdict: () => Error): Error => verdict();
  return judge(() => {
    const cause = new Error('cause');
    return answer.length > 0 ? new Error('failure', { cause }) : cause;
  });
}

function answer(): number[] {
  return Array.from({ length: 100_000 }, (_, index) => index + 0.5);
}

describe('keptError', () => {
  it('releases what an error is about', () => {
    setFlagsFromString('--expose-gc');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the function that the flag adds to new contexts
    const gc = runInNewContext('gc') as () => void;
    gc();
    const before = process.memoryUsage().heapUsed;
    const kept = Array.from({ length: 40 }, () => keptError(failureOf(answer())));
    gc();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
    expect(kept).toHaveLength(40);
  });

  it('gives back what it was given', () => {
    for (const error of [new Error('x', { cause: new RangeError('y') }), 'text', undefined])
      expect(keptError(error)).toBe(error);
  });
});
