/** An entry of a {@link LinkedList}. */
export interface ListNode<T> {
  readonly value: T;
  previous: ListNode<T> | undefined;
  next: ListNode<T> | undefined;
}

/** A list in the order of additions. Every operation is O(1), also taking an entry out of the middle. */
export interface LinkedList<T> extends Iterable<T> {
  push(value: T): ListNode<T>;
  /** Takes an entry of this list out, which must be in it. */
  remove(node: ListNode<T>): void;
  readonly first: ListNode<T> | undefined;
  readonly size: number;
}

/**
 * Makes an empty list. A Map or Set is no substitute: finding its first entry gets slower with each one that was deleted
 * before it, until the table is rebuilt.
 */
export function createLinkedList<T>(): LinkedList<T> {
  let first: ListNode<T> | undefined;
  let last: ListNode<T> | undefined;
  let size = 0;
  return {
    push(value) {
      const node: ListNode<T> = { value, previous: last, next: undefined };
      if (last === undefined) first = node;
      else last.next = node;
      last = node;
      size++;
      return node;
    },
    remove(node) {
      if (node.previous === undefined) first = node.next;
      else node.previous.next = node.next;
      if (node.next === undefined) last = node.previous;
      else node.next.previous = node.previous;
      size--;
    },
    get first() {
      return first;
    },
    get size() {
      return size;
    },
    *[Symbol.iterator]() {
      // What is removed keeps its own `next`, so that an entry may be taken out while the list is walked.
      for (let node = first; node !== undefined; node = node.next) yield node.value;
    },
  };
}
