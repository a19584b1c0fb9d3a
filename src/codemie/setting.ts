import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';

/** Whom an integration belongs to: a project, or the person who is signed in. */
export type Scope = 'Project' | 'User';

/** A Git integration as CodeMie shows it. */
export interface GitSetting {
  /** Assigned by CodeMie; data sources point at it. */
  id: string;
  projectName: string;
  alias: string;
  settingType: 'project' | 'user';
  /** Secrets are masked, see {@link isMasked}; of a key that is there twice, the first. */
  values: Record<string, unknown>;
  /** When it was created. The server's local time without zone, so it can only be compared with its like. */
  date: string;
  /** When it was last written; as `date`. */
  updateDate: string;
  isGlobal: boolean;
}

/** What is written. An update replaces everything, so all keys must be given each time. */
export interface SettingPayload {
  /** Left out of an update to skip CodeMie's check for a free alias; a create needs it. */
  projectName?: string;
  alias: string;
  isGlobal: boolean;
  values: readonly { key: string; value: string | boolean }[];
}

const mask = '**********';

/**
 * Whether a value read from CodeMie stands for a secret. The mask has ten asterisks whatever the secret's length.
 * Sent back, it keeps the stored secret in an update, but is stored literally in a create.
 */
function isMasked(value: unknown): boolean {
  return value === mask;
}

const secretKeys = new Set(['token', 'private_key']);

/**
 * The first key whose value would harm: CodeMie answers 200 to a blank token and deletes the stored one, and to a mask
 * and keeps or invents another secret.
 */
export function harmfulKey(payload: SettingPayload): string | undefined {
  return payload.values.find(
    ({ key, value }) => secretKeys.has(key) && (isMasked(value) || String(value).trim() === ''),
  )?.key;
}

/** The body of a create or update. */
export function toRequestBody(payload: SettingPayload): string {
  return JSON.stringify({
    project_name: payload.projectName,
    alias: payload.alias,
    credential_type: 'Git',
    is_global: payload.isGlobal,
    credential_values: payload.values.map(({ key, value }) => ({ key, value })),
  });
}

const gitRow = z
  .object({
    // Ids and times go into a status, where a part of one would be another one.
    id: z.string().min(1).max(bounds.listing.row.idChars),
    project_name: z.string(),
    alias: z.string().nullish(),
    setting_type: z.enum(['project', 'user']),
    credential_values: z.array(z.object({ key: z.string(), value: z.unknown() })).nullish(),
    date: z.string(),
    update_date: z.string().max(bounds.listing.row.timeChars),
    is_global: z.boolean().nullish(),
  })
  .transform(
    (row): GitSetting => ({
      id: row.id,
      projectName: row.project_name,
      alias: row.alias ?? '',
      settingType: row.setting_type,
      values: Object.fromEntries(
        (row.credential_values ?? []).toReversed().map(({ key, value }) => [key, value]),
      ),
      date: row.date,
      updateDate: row.update_date,
      isGlobal: row.is_global ?? false,
    }),
  );

/** A Git integration as CodeMie lists it, in our words. */
export const gitSetting: z.ZodType<GitSetting> = gitRow;
