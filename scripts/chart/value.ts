/** The types of JSON Schema, and what an integer or a string may be as well. */
type JsonType = 'string' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

/** One value of the chart as JSON Schema of draft 7, which is what Helm reads. */
export interface ValueSchema {
  type?: JsonType | JsonType[];
  description?: string;
  /** Written to `values.yaml`. A value without one is optional and not written. */
  default?: unknown;
  enum?: readonly (string | null)[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  required?: readonly string[];
  minProperties?: number;
  maxProperties?: number;
  properties?: Record<string, ValueSchema>;
  patternProperties?: Record<string, ValueSchema>;
  additionalProperties?: boolean | ValueSchema;
  items?: ValueSchema;
  allOf?: readonly ValueSchema[];
  anyOf?: readonly ValueSchema[];
  not?: ValueSchema;
}

type Rest = Omit<ValueSchema, 'type' | 'description' | 'default'>;

/** A DNS label, without the limit of its length. */
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
/** The name of a label or an annotation. */
export const qualifiedName = `^(${subdomain}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`;

/** A string; an empty one usually means "not set". */
export function text(description: string, fallback: string, rest: Rest = {}): ValueSchema {
  return { type: 'string', description, default: fallback, ...rest };
}

/** A switch. */
export function flag(description: string, fallback: boolean): ValueSchema {
  return { type: 'boolean', description, default: fallback };
}

/** A whole number. */
export function integer(description: string, fallback: number, rest: Rest = {}): ValueSchema {
  return { type: 'integer', description, default: fallback, ...rest };
}

/** One of a few words. */
export function choice(description: string, fallback: string, words: readonly string[]): ValueSchema {
  return { type: 'string', description, default: fallback, enum: words };
}

/** A list of items, empty by default. */
export function list(
  description: string,
  items: ValueSchema,
  fallback: unknown[] = [],
  rest: Rest = {},
): ValueSchema {
  return { type: 'array', description, default: fallback, items, ...rest };
}

/** An object of Kubernetes that the API server checks, handed through as it is. */
export function handedThrough(description: string, fallback: object = {}): ValueSchema {
  return { type: 'object', description, default: fallback };
}

/** The value of a label. */
export const labelValue: ValueSchema = {
  type: 'string',
  pattern: '^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$',
};

/**
 * Annotations: any text under a name such as `example.com/note`.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
 */
export function annotations(description: string): ValueSchema {
  return {
    type: 'object',
    description,
    default: {},
    patternProperties: { [qualifiedName]: { type: 'string' } },
    additionalProperties: false,
  };
}

/**
 * Labels: names and values of up to 63 letters.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function labels(description: string): ValueSchema {
  return { ...annotations(description), patternProperties: { [qualifiedName]: labelValue } };
}

/** The name of an object in the cluster, empty for none: a DNS subdomain. */
export function objectName(description: string, fallback = ''): ValueSchema {
  return text(description, fallback, { maxLength: 253, pattern: `^(${subdomain})?$` });
}

/** The name of an object in the cluster that has to be given. */
export const givenName: ValueSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: `^${subdomain}$`,
};

/** What a key of a Secret or ConfigMap consists of. */
const dataKeyRules = {
  maxLength: 253,
  pattern: '^[-._a-zA-Z0-9]+$',
  not: { pattern: '^\\.(\\.|$)' },
} as const;

/** A key of a Secret or ConfigMap. */
export function dataKey(description: string, fallback: string): ValueSchema {
  return text(description, fallback, dataKeyRules);
}

/** A key of a Secret or ConfigMap that has to be given. */
export const givenDataKey: ValueSchema = { type: 'string', ...dataKeyRules };

/** The name of a namespace, or of a part of a Pod. */
export const dnsLabel: ValueSchema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };

/** A port of TCP. */
export const port: ValueSchema = { type: 'integer', minimum: 1, maximum: 65_535 };

/** Values under a common name. Nothing else may be there. */
export function section(
  description: string,
  properties: Record<string, ValueSchema>,
  rest: Rest = {},
): ValueSchema {
  return { type: 'object', description, additionalProperties: false, properties, ...rest };
}
