/** The types of JSON Schema, and what an integer or a string may be as well. */
type JsonType = 'string' | 'integer' | 'boolean' | 'object' | 'array';

/** One value of the chart as JSON Schema of draft 7, which is what Helm reads. */
export interface ValueSchema {
  type?: JsonType | JsonType[];
  description?: string;
  /** Written to `values.yaml`. A value without one is optional and not written. */
  default?: unknown;
  enum?: readonly string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  required?: readonly string[];
  properties?: Record<string, ValueSchema>;
  additionalProperties?: boolean | ValueSchema;
  items?: ValueSchema;
}

type Rest = Omit<ValueSchema, 'type' | 'description' | 'default'>;

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

/** A list of items, empty unless told otherwise. */
export function list(description: string, items: ValueSchema, fallback: unknown[] = []): ValueSchema {
  return { type: 'array', description, default: fallback, items };
}

/** An object of Kubernetes that the API server checks, handed through as it is. */
export function handedThrough(description: string, fallback: object = {}): ValueSchema {
  return { type: 'object', description, default: fallback };
}

/** Names and values that are both strings, such as labels. */
export function strings(description: string): ValueSchema {
  return { type: 'object', description, default: {}, additionalProperties: { type: 'string' } };
}

/** Values under a common name. Nothing else may stand there. */
export function section(
  description: string,
  properties: Record<string, ValueSchema>,
  rest: Rest = {},
): ValueSchema {
  return { type: 'object', description, additionalProperties: false, properties, ...rest };
}
