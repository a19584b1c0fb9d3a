import { z } from 'zod';
import { VALIDATIONS } from './rule.ts';

const count = z.int().min(0);

/**
 * Every keyword we know how to carry over. Anything else is a fault of the schema: the API server would refuse
 * it, or it would mean something else there.
 */
const knownKeywords = z.strictObject({
  description: z.string().optional(),
  type: z.enum(['object', 'array', 'string', 'integer', 'boolean']),
  format: z.enum(['date-time', 'int64']).optional(),
  pattern: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: count.optional(),
  maxLength: count.optional(),
  minItems: count.optional(),
  maxItems: count.optional(),
  maxProperties: count.optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.record(z.string(), z.unknown()).optional(),
  items: z.record(z.string(), z.unknown()).optional(),
  'x-kubernetes-list-type': z.enum(['atomic', 'set', 'map']).optional(),
  'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
  'x-kubernetes-map-type': z.literal('atomic').optional(),
  [VALIDATIONS]: z
    .array(
      z.strictObject({
        rule: z.string(),
        message: z.string(),
        reason: z.enum(['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid']).optional(),
        fieldPath: z.string().optional(),
      }),
    )
    .optional(),
});

/** A value of either type, which the API server checks by its rules alone. zod says the two types as `anyOf`. */
const intOrString = z.strictObject({
  description: z.string().optional(),
  anyOf: z.tuple([
    z.looseObject({ type: z.literal('integer') }),
    z.looseObject({ type: z.literal('string') }),
  ]),
  'x-kubernetes-int-or-string': z.literal(true),
  [VALIDATIONS]: knownKeywords.shape[VALIDATIONS],
});

type Keywords = z.output<typeof knownKeywords>;

/**
 * The part of OpenAPI v3 that a CustomResourceDefinition may hold and that we use, see
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema.
 */
export interface StructuralSchema
  extends Omit<Keywords, 'type' | 'pattern' | 'properties' | 'additionalProperties' | 'items'> {
  /** Absent for a value that is an integer or a string. */
  type?: Keywords['type'] | undefined;
  'x-kubernetes-int-or-string'?: true;
  properties?: Record<string, StructuralSchema> | undefined;
  additionalProperties?: StructuralSchema | undefined;
  items?: StructuralSchema | undefined;
}

/**
 * The schema as the API server wants it. Throws a TypeError that names the place for whatever can't be said
 * there, for a field without a description, and for a string or list without a limit: rules in CEL are
 * budgeted by the largest value that the schema allows.
 */
export function toStructuralSchema(schema: z.ZodType, root: string): StructuralSchema {
  // io: 'input', because a field with a default may be left out of a manifest.
  return convert(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }), root);
}

function convert(node: unknown, place: string): StructuralSchema {
  const either = intOrString.safeParse(node);
  if (either.success) {
    const { anyOf: _, ...rest } = either.data;
    return rest;
  }
  const parsed = knownKeywords.safeParse(node);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TypeError(`${place}: no structural schema: ${issue?.path.join('.')} ${issue?.message}`);
  }
  const { pattern, properties, additionalProperties, items, minimum, maximum, ...plain } = parsed.data;
  const result: StructuralSchema = {
    ...plain,
    format: plain.type === 'integer' ? 'int64' : plain.format,
    minimum: withoutSafeBound(minimum),
    maximum: withoutSafeBound(maximum),
    properties: properties && mapValues(properties, (child, name) => field(child, `${place}.${name}`)),
    additionalProperties: additionalProperties && convert(additionalProperties, `${place}.*`),
    items: items && convert(items, `${place}[]`),
  };
  // zod spells date-time out as a pattern too; the API server knows the format already.
  if (pattern !== undefined && plain.format !== 'date-time') {
    throw new TypeError(`${place}: write a rule with a sentence instead of a pattern`);
  }
  demandLimits(result, place);
  return result;
}

function field(node: unknown, place: string): StructuralSchema {
  const result = convert(node, place);
  if (!result.description) throw new TypeError(`${place}: has no description`);
  return result;
}

function demandLimits(schema: StructuralSchema, place: string): void {
  if (schema.type === 'string' && !schema.enum && !schema.format && schema.maxLength === undefined) {
    throw new TypeError(`${place}: has no maximum length`);
  }
  if (schema.type === 'array' && schema.maxItems === undefined) {
    throw new TypeError(`${place}: has no maximum number of items`);
  }
  if (schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined) {
    throw new TypeError(`${place}: does not say how two lists are merged (x-kubernetes-list-type)`);
  }
  demandMergeable(schema, place);
  if (schema.additionalProperties && schema.maxProperties === undefined) {
    throw new TypeError(`${place}: has no maximum number of entries`);
  }
}

/**
 * Server-side apply sees a default as set by another manager: it would add the items of a list that
 * replaces the default, and take an atomic object that leaves one out for a conflict.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
function demandMergeable(schema: StructuralSchema, place: string): void {
  const hasItems = Array.isArray(schema.default) && schema.default.length > 0;
  if (hasItems && schema['x-kubernetes-list-type'] !== 'atomic') {
    throw new TypeError(`${place}: a list with a default has to be replaced as a whole`);
  }
  const members = Object.values(schema.properties ?? {});
  if (
    schema['x-kubernetes-map-type'] === 'atomic' &&
    members.some((member) => member.default !== undefined)
  ) {
    throw new TypeError(`${place}: an object that is replaced as a whole cannot have members with defaults`);
  }
}

/** zod bounds every integer by what a double holds exactly; that is no rule of ours. */
function withoutSafeBound(bound: number | undefined): number | undefined {
  return bound !== undefined && Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound;
}

function mapValues<A, B>(
  record: Record<string, A>,
  change: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
