import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';
import { fieldsOf, JsonFault, type JsonSlice, jsonElements, shortText } from '../lib/json-slices.ts';

const { maxKeys, maxChars } = bounds.listing.row;

const kindSchema = z.object({ credential_type: z.string(), setting_type: z.string() });

/**
 * What tells whether a row of a listing, of whatever shape, is a Git integration.
 *
 * @throws {z.ZodError | JsonFault} if it does not say
 */
export function rowKind(bytes: Uint8Array, row: JsonSlice): { type: string; settingType: string } {
  const kind = kindSchema.parse(
    parseFields(bytes, fieldsOf(bytes, row, ['credential_type', 'setting_type'])),
  );
  return { type: kind.credential_type, settingType: kind.setting_type };
}

/**
 * A Git integration's row as far as it is read, and no more of it than the bounds allow. Who may write integrations in
 * CodeMie decides about their values, and must not be able to hinder those who list them.
 *
 * Longer strings lose their end. What is left is longer than anything that the operator writes, so it equals none of that.
 *
 * @throws {JsonFault}
 */
export function gitRowOf(bytes: Uint8Array, row: JsonSlice): Record<string, unknown> {
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
  return {
    ...parseFields(bytes, plain),
    ...(values && { credential_values: isNull(bytes, values) ? null : fewValues(bytes, values) }),
  };
}

function fewValues(bytes: Uint8Array, list: JsonSlice): Record<string, unknown>[] {
  const kept: Record<string, unknown>[] = [];
  for (const element of jsonElements(bytes, list)) {
    if (kept.length === maxKeys) break;
    kept.push(parseFields(bytes, fieldsOf(bytes, element, ['key', 'value'])));
  }
  return kept;
}

function parseFields(
  bytes: Uint8Array,
  fields: Readonly<Record<string, JsonSlice | undefined>>,
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [name, slice] of Object.entries(fields))
    if (slice) parsed[name] = parseJsonText(shortText(bytes, slice, maxChars));
  return parsed;
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new JsonFault();
  }
}

/** `null` is written as `null` and in no other way. */
function isNull(bytes: Uint8Array, { start }: JsonSlice): boolean {
  return bytes[start] === 0x6e;
}
