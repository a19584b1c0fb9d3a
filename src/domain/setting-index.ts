import { type ObservedSetting, ownerKey } from './setting.ts';

/**
 * What CodeMie holds of one scope at one time, ready to be asked by those who share a listing: with 10,000
 * integrations, nobody can afford to go through all rows for each.
 */
export interface SettingIndex {
  /** The rows that carry an owner mark. */
  owned(mark: string): readonly ObservedSetting[];
  byId(id: string): ObservedSetting | undefined;
  /** The rows of the project of exactly this name. */
  inProject(project: string): readonly ObservedSetting[];
  /** Number of rows. */
  readonly size: number;
}

/** Indexes the rows of a listing. The order of rows is kept. */
export function indexSettings(rows: readonly ObservedSetting[]): SettingIndex {
  const owned = Map.groupBy(rows, ({ values }) => values[ownerKey]);
  const byProject = Map.groupBy(rows, ({ project }) => project);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return {
    owned: (mark) => owned.get(mark) ?? [],
    byId: (id) => byId.get(id),
    inProject: (project) => byProject.get(project) ?? [],
    size: rows.length,
  };
}
