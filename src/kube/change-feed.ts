import { errorFields, type Log } from './log.ts';
import { keyOf } from './object.ts';
import type { Change, Store } from './store.ts';

/** Sends the changes of a store to its handlers. */
export interface ChangeFeed {
  /** Sends each change to all handlers, in order. */
  emit(changes: readonly Change[]): void;
  /** See Informer. */
  onChange(handler: (change: Change) => void): void;
}

/** Makes a feed for a store whose changes go through `emit`. */
export function createChangeFeed(store: Store, log: Log): ChangeFeed {
  const handlers: ((change: Change) => void)[] = [];

  function tell(handler: (change: Change) => void, change: Change): void {
    try {
      handler(change);
    } catch (error) {
      log.error({ key: keyOf(change.object), ...errorFields(error) }, 'A change handler failed.');
    }
  }

  return {
    emit(changes) {
      for (const change of changes) for (const handler of handlers) tell(handler, change);
    },
    onChange(handler) {
      handlers.push(handler);
      for (const object of store.list()) tell(handler, { type: 'added', object, origin: 'list' });
    },
  };
}
