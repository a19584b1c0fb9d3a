import { z } from 'zod';
import { clusterCodeMieConnections } from './group.ts';

/** The schemas that name another object, with its kind; null where the value has it in a field `kind`. */
const marks = z.registry<{ kind: string | null }>();

/** An object that another one names. */
export interface Reference {
  kind: string;
  name: string;
}

/**
 * Marks a schema as one that names another object, by a field `name` and, unless the kind is always the same, a field
 * `kind`. A change of that object then wakes the objects that name it. Descriptions and rules that are added later keep
 * the mark.
 */
export function reference<S extends z.ZodType<{ name: string }>>(schema: S, kind?: string): S {
  marks.add(schema, { kind: kind ?? null });
  return schema;
}

/** Where a schema names other objects: dotted paths, for people. */
export function referencePaths(schema: z.ZodType): string[] {
  return placesIn(schema).map(({ path }) => path.join('.'));
}

/**
 * Finds in the schema where it names other objects, and returns what reads these names from a parsed value: fields that
 * are added to the schema are among them without more ado.
 *
 * @throws TypeError for a reference inside of a list or map
 */
export function referencesIn<S extends z.ZodType>(schema: S): (value: z.output<S>) => Reference[] {
  const places = placesIn(schema);
  return (value) =>
    places.flatMap(({ path, kind }): Reference[] => {
      const found = path.reduce<unknown>(fieldOf, value);
      const name = fieldOf(found, 'name');
      const named = kind ?? fieldOf(found, 'kind');
      return typeof name === 'string' && typeof named === 'string' ? [{ kind: named, name }] : [];
    });
}

interface Place {
  path: string[];
  /** Null where the value says it. */
  kind: string | null;
}

function placesIn(schema: z.core.$ZodType, path: string[] = []): Place[] {
  const mark = marks.get(schema);
  if (mark) return [{ path, kind: mark.kind }];
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([name, field]) => placesIn(field, [...path, name]));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return placesIn(schema.unwrap(), path);
  const items = schema instanceof z.ZodArray ? schema.element : undefined;
  const values = schema instanceof z.ZodRecord ? schema.valueType : undefined;
  const inner = items ?? values;
  if (inner && placesIn(inner).length > 0)
    throw new TypeError(`${path.join('.')}: references in lists and maps are not found`);
  return [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

/**
 * Names an object that another one refers to, for the `reference` indexes. The namespace of a cluster kind is empty.
 */
export function referenceKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The keys of what an object refers to, each once. @param namespace where it refers to, except to cluster kinds */
export function referenceKeys(references: readonly Reference[], namespace: string): string[] {
  const keys = references.map(({ kind, name }) =>
    referenceKey(kind, kind === clusterCodeMieConnections.kind ? '' : namespace, name),
  );
  return [...new Set(keys)];
}
