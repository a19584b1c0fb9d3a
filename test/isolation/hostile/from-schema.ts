import * as fc from 'fast-check';
import type { StructuralSchema } from '../../../src/api/structural-schema.ts';

/** Where a value stands: the names of the fields that lead to it, `[]` for an item and `*` for a map's value. */
export type FieldPath = readonly string[];

/**
 * Values for a field that mean something, such as hosts for a URL. Undefined: whatever the schema allows, which is given
 * as the second argument for those who want some of both.
 */
export type Choices = (path: FieldPath, any: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown> | undefined;

/**
 * Values for a schema of a CRD, each field of it covered without being named here. Optional fields are left out two
 * times of three. Bounds are reached on purpose: the longest text, the fullest list. Rules in CEL are not known here but for
 * "exactly one of", so that the API server refuses some.
 */
export function fromSchema(
  schema: StructuralSchema,
  choices: Choices,
  path: FieldPath = [],
): fc.Arbitrary<unknown> {
  const any = anyOf(schema, choices, path);
  return choices(path, any) ?? any;
}

function anyOf(schema: StructuralSchema, choices: Choices, path: FieldPath): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return wholeNumbers(schema);
    case 'string':
      return strings(schema);
    case 'array':
      return lists(schema, choices, path);
    case 'object':
      return objects(schema, choices, path);
    // An integer that may be given as a string.
    case undefined:
      return fc.oneof(fc.nat(), fc.nat().map(String), lineUpTo(100, 0));
  }
}

function wholeNumbers({ minimum: min = 0, maximum: max = Number.MAX_SAFE_INTEGER }: StructuralSchema) {
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
}

/** One line of text as the CRDs want it, up to the longest; blanks, controls and half of a pair included now and then. */
function lineUpTo(maxLength: number, minLength: number): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: 'grapheme' }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('a', '𝒜', '\u202e', '%', "'").map((each) => fill(each, maxLength)),
    },
    { weight: 1, arbitrary: fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constantFrom('constructor', '__proto__', 'toString', 'null', '*') },
  );
}

const fill = (text: string, length: number): string => text.repeat(length).slice(0, length);

function strings({ enum: allowed, format, minLength = 1, maxLength = 100 }: StructuralSchema) {
  if (allowed !== undefined) return fc.constantFrom(...allowed);
  return format === 'date-time' ? moments : lineUpTo(maxLength, minLength);
}

const moments = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') })
    .map((date) => date.toISOString()),
  fc.constantFrom('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999-12:00', '2026-02-30T25:61:61Z'),
);

function lists(
  { items, maxItems = 10, minItems: minLength = 0, ...rest }: StructuralSchema,
  choices: Choices,
  path: FieldPath,
) {
  if (items === undefined) throw new TypeError(`${path.join('.')}: a list without items`);
  const item = fromSchema(items, choices, [...path, '[]']);
  const make = rest['x-kubernetes-list-type'] === 'set' ? fc.uniqueArray : fc.array;
  return fc.oneof(
    { weight: 5, arbitrary: make(item, { minLength, maxLength: Math.min(maxItems, 4) }) },
    // "max": as many as the bound says instead of few, which is fast-check's own preference.
    { weight: 1, arbitrary: make(item, { minLength, maxLength: maxItems, size: 'max' }) },
  );
}

function objects(schema: StructuralSchema, choices: Choices, path: FieldPath): fc.Arbitrary<unknown> {
  const { properties, additionalProperties, maxProperties, required = [] } = schema;
  if (properties === undefined) {
    if (additionalProperties === undefined) return fc.constant({});
    const keys = fc.oneof(
      fc.constantFrom('constructor', '__proto__', 'kubernetes.io/metadata.name'),
      fc.stringMatching(/^[a-z]{1,10}$/),
    );
    return fc.dictionary(keys, fromSchema(additionalProperties, choices, [...path, '*']), {
      maxKeys: Math.min(maxProperties ?? 5, 5),
    });
  }
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, child]) => [name, fromSchema(child, choices, [...path, name])]),
  );
  const oneOf = alternatives(schema);
  if (oneOf.length === 0) return record(model, required);
  // Exactly one of some fields, next to those that have nothing to do with it.
  const rest = Object.keys(model).filter((name) => !oneOf.includes(name));
  return fc
    .constantFrom(...oneOf)
    .chain((chosen) => record(pick(model, [...rest, chosen]), [...required, chosen]));
}

/** Stands for a field that is left out. */
const absent = Symbol('absent');

function record(model: Record<string, fc.Arbitrary<unknown>>, required: readonly string[]) {
  const fields = Object.entries(model).map(([name, value]) => {
    const maybe = fc.oneof({ weight: 2, arbitrary: fc.constant(absent) }, { weight: 1, arbitrary: value });
    return [name, required.includes(name) ? value : maybe] as const;
  });
  return fc
    .record(Object.fromEntries(fields))
    .map((value) => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== absent)));
}

/** The fields of which a rule of the schema wants exactly one. */
function alternatives(schema: StructuralSchema): string[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  const exactlyOne = rules.find(
    ({ rule }) => rule.endsWith('.size() == 1') || /^has\(self\.\w+\) != has\(self\.\w+\)$/.test(rule),
  );
  return exactlyOne
    ? [...exactlyOne.rule.matchAll(/has\(self\.(\w+)\)/g)].flatMap(([, name]) => name ?? [])
    : [];
}

function pick<T>(record: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
