import { z } from 'zod';
import { type DesiredSetting, maskedKeys, type ObservedSetting } from '../domain/git-setting.ts';
import { bounds } from '../lib/bounds.ts';
import { fieldsOf, isNull, type JsonSlice, jsonElements, parseFields } from '../lib/json-bytes.ts';

const mask = '**********';

/**
 * The first key whose value would harm: CodeMie answers 200 to a blank token and deletes the stored one, and to a mask
 * and keeps or invents another secret. The mask has ten asterisks whatever the secret's length; sent back, it keeps the
 * stored secret in an update, but is stored literally in a create.
 */
export function harmfulKey({ values }: Pick<DesiredSetting, 'values'>): string | undefined {
  return values.find(
    ({ key, value }) => maskedKeys.has(key) && (value === mask || String(value).trim() === ''),
  )?.key;
}

/**
 * The body of a create or update. An update replaces everything, so all keys are given each time.
 *
 * @param project left out of an update to skip CodeMie's check for a free alias; a create needs it
 */
export function toRequestBody({ alias, isGlobal, values }: DesiredSetting, project?: string): string {
  return JSON.stringify({
    project_name: project,
    alias,
    credential_type: 'Git',
    is_global: isGlobal,
    credential_values: values.map(({ key, value }) => ({ key, value })),
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
    (row): ObservedSetting => ({
      id: row.id,
      scope: row.setting_type === 'project' ? 'Project' : 'User',
      project: row.project_name,
      alias: row.alias ?? '',
      isGlobal: row.is_global ?? false,
      // Of a key that is there twice, the first.
      values: Object.fromEntries(
        (row.credential_values ?? []).toReversed().map(({ key, value }) => [key, value]),
      ),
      createdAt: row.date,
      updatedAt: row.update_date,
    }),
  );

const { maxKeys, maxChars } = bounds.listing.row;

const kindSchema = z.object({ credential_type: z.string(), setting_type: z.string() });

/**
 * The two fields by which a row of any shape is a Git integration or is not.
 *
 * @throws {z.ZodError | JsonFault} if it does not say
 */
export function rowKind(bytes: Uint8Array, row: JsonSlice): { type: string; settingType: string } {
  const kind = kindSchema.parse(
    parseFields(bytes, fieldsOf(bytes, row, ['credential_type', 'setting_type']), maxChars),
  );
  return { type: kind.credential_type, settingType: kind.setting_type };
}

/**
 * A Git integration as CodeMie lists it, and no more of it than the bounds allow. Who may write integrations in CodeMie
 * decides about their values, and must not be able to hinder those who list them.
 *
 * Longer strings lose their end. What is left is longer than anything that the operator writes, so it equals none of that.
 *
 * @throws {z.ZodError | JsonFault} if it has another shape
 */
export function toSetting(bytes: Uint8Array, row: JsonSlice): ObservedSetting {
  const { credential_values: values, ...plain } = fieldsOf(bytes, row, [
    'id',
    'project_name',
    'alias',
    'setting_type',
    'credential_values',
    'date',
    'update_date',
    'is_global',
  ]);
  return gitRow.parse({
    ...parseFields(bytes, plain, maxChars),
    ...(values && { credential_values: isNull(bytes, values) ? null : fewValues(bytes, values) }),
  });
}

function fewValues(bytes: Uint8Array, list: JsonSlice): Record<string, unknown>[] {
  const kept: Record<string, unknown>[] = [];
  for (const element of jsonElements(bytes, list)) {
    if (kept.length === maxKeys) break;
    kept.push(parseFields(bytes, fieldsOf(bytes, element, ['key', 'value']), maxChars));
  }
  return kept;
}
