import { z } from 'zod';

/** The keywords that bound a value. */
const nodeSchema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  format: z.string().optional(),
  maxLength: z.number().optional(),
  minLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxItems: z.number().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
});

/**
 * Makes a function that fits a status into its CRD. Much of a status comes from servers, which may report more scopes than
 * its list takes, or a name that is too long; the API server would refuse the whole status for that, at every try.
 *
 * Longer strings and lists lose their end. Whatever else does not fit is left out, and so is an object without something
 * that it requires. Times become RFC 3339 with seconds, which the API server insists on.
 *
 * @param schema of an object, in the words of {@link toStructuralSchema}
 */
export function fitterOf<S extends z.ZodType>(schema: S): (value: z.output<S>) => z.output<S> {
  const fit = fitterOfNode(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }));
  return (value) => {
    const fitted = fit(value);
    // What is left of a value of the schema is one, as only optional parts go. Should it ever not be, the API server
    // says which field it is.
    return schema.safeParse(fitted).data ?? value;
  };
}

/** Returns what is left of a value; undefined for nothing. */
type Fit = (value: unknown) => unknown;

/** Reads the schema once: a status has some sixty values, and is written often. */
function fitterOfNode(node: unknown): Fit {
  const schema = nodeSchema.parse(node);
  const fitItem: Fit = schema.items === undefined ? (item) => item : fitterOfNode(schema.items);
  const members = new Map(
    Object.entries(schema.properties ?? {}).map(([name, member]) => [name, fitterOfNode(member)]),
  );
  return (value) => {
    if (typeof value === 'string') return fitText(schema, value);
    if (typeof value === 'number') return isWithin(schema, value) ? value : undefined;
    if (Array.isArray(value))
      return value
        .map((item) => fitItem(item))
        .filter((item) => item !== undefined)
        .slice(0, schema.maxItems);
    return typeof value === 'object' && value !== null ? fitObject(schema, members, value) : value;
  };
}

type Node = z.output<typeof nodeSchema>;

function fitText(schema: Node, value: string): string | undefined {
  if (schema.enum) return schema.enum.includes(value) ? value : undefined;
  if (schema.format === 'date-time') return asTime(value);
  // Half of a pair would come back from the API server as another character.
  const text = value.slice(0, schema.maxLength).toWellFormed();
  return text.length >= (schema.minLength ?? 0) ? text : undefined;
}

/** https://github.com/go-openapi/strfmt takes no time without seconds, and none beyond the year 9999. */
function asTime(value: string): string | undefined {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return undefined;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)) return value;
  const text = new Date(ms).toISOString();
  return text.length === '2026-01-01T00:00:00.000Z'.length ? text.replace('.000Z', 'Z') : undefined;
}

function isWithin({ minimum, maximum, type }: Node, value: number): boolean {
  if (type === 'integer' && !Number.isSafeInteger(value)) return false;
  return value >= (minimum ?? Number.NEGATIVE_INFINITY) && value <= (maximum ?? Number.POSITIVE_INFINITY);
}

function fitObject(
  { required = [] }: Node,
  members: ReadonlyMap<string, Fit>,
  value: object,
): object | undefined {
  const entries = Object.entries(value).flatMap(([name, member]) => {
    const fitted = members.get(name)?.(member);
    return fitted === undefined ? [] : [[name, fitted] as const];
  });
  const fitted = Object.fromEntries(entries);
  return required.every((name) => Object.hasOwn(fitted, name)) ? fitted : undefined;
}
