import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDelayHeap } from './delay-heap.ts';

const operation = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  at: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
});

describe('createDelayHeap', () => {
  it('always knows the earliest, after any sets and deletes', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const heap = createDelayHeap();
        const model = new Map<string, number>();
        for (const { key, at } of operations) {
          if (at === undefined) {
            heap.delete(key);
            model.delete(key);
          } else {
            heap.set(key, at);
            model.set(key, at);
          }
          expect(heap.size).toBe(model.size);
          expect(heap.at(key)).toBe(model.get(key));
          expect(heap.peek()?.at).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
    );
  });
});
