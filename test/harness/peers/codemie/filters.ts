import { crash } from './api-error.ts';
import { isTruthy, typeName } from './python.ts';
import { credentialTypes } from './request-schema.ts';
import type { SettingRow } from './setting.ts';

type Condition = (row: SettingRow) => boolean;

/** What a list asks for: which rows, and which of them come first. */
export interface Selection {
  readonly matches: Condition;
  readonly isFirst: Condition;
}

/**
 * The query parameter `filters`, a JSON object. Unknown keys and empty values are ignored without a word;
 * what the database can't compare is a 500.
 *
 * Source: `SettingsFilter` of codemie-ai/codemie at 2a481c2, run.
 *
 * @throws ApiError 500
 */
export function parseFilters(text: string | null): Selection {
  const conditions = Object.entries(filterObject(text))
    .filter(([, value]) => isTruthy(value) || value === false)
    .flatMap(([key, value]) => conditionFor(key, value) ?? []);
  const search = filterObject(text)['search'];
  return {
    matches: (row) => conditions.every((condition) => condition(row)),
    isFirst: (row) => typeof search === 'string' && search !== '' && contains(row.project_name, search),
  };
}

function filterObject(text: string | null): Record<string, unknown> {
  const parsed = text === null || text === '' ? {} : parseJson(text);
  if (!isTruthy(parsed)) {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw crash(`AttributeError: '${typeName(parsed)}' object has no attribute 'items'`);
  }
  return { ...parsed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw crash('json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)');
  }
}

function conditionFor(key: string, value: unknown): Condition | undefined {
  switch (key) {
    case 'search': {
      const text = searchText(value);
      return (row) => contains(row.project_name, text) || contains(row.alias, text);
    }
    case 'created_by': {
      const text = searchText(value);
      return (row) => contains(row.created_by?.name ?? '', text);
    }
    case 'project': {
      const names = stringOrStrings(value);
      return (row) => names.includes(row.project_name);
    }
    case 'type': {
      const types = stringOrStrings(value).map(databaseType);
      return (row) => types.includes(credentialTypes[row.credential_type] ?? '');
    }
    case 'is_global':
      if (typeof value !== 'boolean') {
        throw crash(`sqlalchemy.exc.StatementError: (builtins.TypeError) Not a boolean value`);
      }
      return (row) => row.is_global === value;
    default:
      return undefined;
  }
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function searchText(value: unknown): string {
  if (typeof value !== 'string') {
    throw crash(`AttributeError: '${typeName(value)}' object has no attribute 'replace'`);
  }
  return value;
}

function stringOrStrings(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item !== 'string') {
      throw crash('sqlalchemy.exc.ProgrammingError: operator does not exist: character varying = integer');
    }
    return item;
  });
}

/** `Git` and the name of the database, `GIT`, are the same; another word is none of the enum. */
function databaseType(word: string): string {
  const name = credentialTypes[word] ?? word;
  if (!Object.values(credentialTypes).includes(name)) {
    throw crash(
      `sqlalchemy.exc.DataError: invalid input value for enum credentialtypes: "${word.slice(0, 60)}"`,
    );
  }
  return name;
}
