/** First in, first out; O(1) at both ends, unlike `Array.shift` on a long array. */
export interface Fifo<T> {
  push(item: T): void;
  shift(): T | undefined;
  readonly size: number;
}

export function createFifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push: (item) => void items.push(item),
    shift() {
      if (head === items.length) return undefined;
      const item = items[head];
      items[head++] = undefined;
      // Drops the used half, so each item is moved at most once on average.
      if (head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    get size() {
      return items.length - head;
    },
  };
}
