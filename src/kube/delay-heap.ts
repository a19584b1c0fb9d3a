/** Keys with a time each, earliest first. */
export interface DelayHeap {
  /** Sets the time of a key, new or known. */
  set(key: string, at: number): void;
  /** The time of a key, if it is in the heap. */
  at(key: string): number | undefined;
  delete(key: string): void;
  /** The earliest entry, which stays. */
  peek(): { key: string; at: number } | undefined;
  readonly size: number;
}

/** A binary heap that knows where each key is, so that a key can be moved or taken out in O(log n). */
export function createDelayHeap(): DelayHeap {
  const heap: { key: string; at: number }[] = [];
  const positions = new Map<string, number>();

  const timeAt = (position: number): number => heap[position]?.at ?? Number.POSITIVE_INFINITY;

  function swap(a: number, b: number): void {
    const left = heap[a];
    const right = heap[b];
    if (left === undefined || right === undefined) return;
    heap[a] = right;
    heap[b] = left;
    positions.set(right.key, a);
    positions.set(left.key, b);
  }

  function up(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (timeAt(parent) <= timeAt(child)) return;
      swap(parent, child);
      child = parent;
    }
  }

  function down(from: number): void {
    for (let parent = from; ; ) {
      const left = 2 * parent + 1;
      const child = timeAt(left + 1) < timeAt(left) ? left + 1 : left;
      if (timeAt(parent) <= timeAt(child)) return;
      swap(parent, child);
      parent = child;
    }
  }

  function remove(key: string): void {
    const position = positions.get(key);
    if (position === undefined) return;
    swap(position, heap.length - 1);
    heap.pop();
    positions.delete(key);
    if (position < heap.length) {
      up(position);
      down(position);
    }
  }

  return {
    set(key, at) {
      remove(key);
      positions.set(key, heap.push({ key, at }) - 1);
      up(heap.length - 1);
    },
    at(key) {
      const position = positions.get(key);
      return position === undefined ? undefined : heap[position]?.at;
    },
    delete: remove,
    peek: () => heap[0],
    get size() {
      return heap.length;
    },
  };
}
