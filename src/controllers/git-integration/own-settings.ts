import type { ConfirmedWrite } from '../../domain/registration-plan.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';

/** The last write to CodeMie for one object, whatever came of it, or that it is to be deleted. */
interface OwnSetting {
  /** Through which connection it went. */
  connectionUID: string;
  /** Epoch milliseconds. Listings that began before tell nothing of this object any more. */
  endedAtMs: number;
  /** The deletion was noticed at that time, and its rows are yet to be removed. */
  deleting?: true;
  /** What CodeMie confirmed; absent after a deletion, and when it is not known what became of the write. */
  confirmed?: ConfirmedWrite;
  /** The request for a reconcile that the pass was made for, if there was one. */
  requestedAt?: string;
}

/**
 * What this process did in CodeMie. A write is answered without the row that it made, so the pass that wrote ends
 * there, and a later one takes the row from a listing that many share. It knows by this memory that nothing is left to
 * write. A process that forgets it in a crash only writes once more.
 */
export interface OwnSettings {
  note(key: ObjectKey, setting: OwnSetting): void;
  /** The last write, if it went through that connection. */
  last(key: ObjectKey, connectionUID: string): OwnSetting | undefined;
  /** The request for a reconcile that the last write was made for. */
  handledFor(key: ObjectKey): string | undefined;
  /** How many confirmed writes are yet to be seen in a listing, and so to be taken down. */
  readonly unsettled: number;
  /** The write stands in the status now, and all listings from now on show it. */
  forget(key: ObjectKey): void;
}

/** Longer than any listing is in use. */
const keptMs = durations.integrations.rememberedWriteMs;

/** Makes an empty memory. @param now epoch milliseconds */
export function createOwnSettings(now: () => number): OwnSettings {
  /** In the order of their ends. */
  const settings = new Map<ObjectKey, OwnSetting>();
  let unsettled = 0;

  function drop(key: ObjectKey): void {
    if (settings.get(key)?.confirmed) unsettled--;
    settings.delete(key);
  }

  return {
    note(key, setting) {
      drop(key);
      settings.set(key, setting);
      if (setting.confirmed) unsettled++;
      for (const [oldest, { endedAtMs }] of settings) {
        if (endedAtMs > now() - keptMs) return;
        drop(oldest);
      }
    },
    last(key, connectionUID) {
      const setting = settings.get(key);
      return setting?.connectionUID === connectionUID ? setting : undefined;
    },
    handledFor: (key) => settings.get(key)?.requestedAt,
    get unsettled() {
      return unsettled;
    },
    forget: drop,
  };
}
