import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { keptError } from './kept-error.ts';

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
