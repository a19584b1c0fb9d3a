import { randomUUID } from 'node:crypto';
import { isoFormat } from './python.ts';
import type { SettingRow } from './setting.ts';

/** The table of settings. It has no unique constraint but the primary key, as the real one. */
export interface SettingStore {
  /** In the order in which the database would come across them; the rows themselves, not copies. */
  rows(): readonly SettingRow[];
  byId(id: string): SettingRow | undefined;
  /** Gives the row its id and its dates. */
  insert(fields: Omit<SettingRow, 'id' | 'date' | 'update_date' | 'default' | 'setting_hash'>): SettingRow;
  /** Moves the row's `update_date`, and perhaps the row: see {@link SettingStore.updatesGoLast}. */
  touch(row: SettingRow): void;
  /**
   * Whether an update moves its row behind all others. PostgreSQL writes a changed row to a free place: whether that is
   * the old one depends on the room in the page. Default false.
   */
  updatesGoLast: boolean;
  remove(id: string): boolean;
}

/** @param now epoch milliseconds */
export function createSettingStore(now: () => number): SettingStore {
  const table = new Map<string, SettingRow>();
  let lastMicroseconds = 0;

  // The database has microseconds, our clock milliseconds: no two writes share a time.
  function timestamp(): string {
    lastMicroseconds = Math.max(now() * 1_000, lastMicroseconds + 1);
    return isoFormat(lastMicroseconds);
  }

  return {
    rows: () => [...table.values()],
    byId: (id) => table.get(id),
    insert(fields) {
      const date = timestamp();
      const row: SettingRow = {
        ...fields,
        id: randomUUID(),
        date,
        update_date: date,
        default: false,
        setting_hash: null,
      };
      table.set(row.id, row);
      return row;
    },
    updatesGoLast: false,
    touch(row) {
      row.update_date = timestamp();
      if (this.updatesGoLast && table.delete(row.id)) {
        table.set(row.id, row);
      }
    },
    remove: (id) => table.delete(id),
  };
}
