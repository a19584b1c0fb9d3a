import { VALIDATIONS } from '../../src/api/rule.ts';
import { type StructuralSchema, toStructuralSchema } from '../../src/api/structural-schema.ts';
import { clusterCodeMieConnectionSpecSchema } from '../../src/api/v1alpha1/connection-spec.ts';
import { URL_PORT_PATTERN } from '../../src/lib/port.ts';
import { flag, section, type ValueSchema } from './value.ts';

const spec = toStructuralSchema(clusterCodeMieConnectionSpecSchema, 'spec');
const fields = Object.fromEntries(
  Object.entries(spec.properties ?? {}).map(([name, schema]) => [name, toValue(schema)]),
);

/** The connection that the release brings: the fields of `ClusterCodeMieConnection.spec`. */
export const connectionValues: ValueSchema = section(
  'The ClusterCodeMieConnection default, which integrations use that name none. It takes every field of the spec: see docs/api-reference.md.',
  {
    create: flag(
      'Whether the operator creates the connection and keeps it as it is here. It stays when this is turned off, and after an uninstall.',
      false,
    ),
    ...fields,
    // An empty one is refused by the chart, and only where a connection is asked for.
    url: {
      type: 'string',
      default: '',
      description: fields['url']?.description ?? '',
      anyOf: [{ maxLength: 0 }, fields['url'] ?? {}],
    },
    // What is missing is said by the chart, and only where a connection is asked for.
    auth: { ...fields['auth'], default: {} },
    consumers: { ...fields['consumers'], default: [] },
  },
);

/** What JSON Schema says as well of the rules that the API server has in CEL. Both have the regular expressions of Go. */
function requirements({ [VALIDATIONS]: rules = [] }: StructuralSchema): Partial<ValueSchema> {
  const all = rules.flatMap(({ rule }) => requirement(rule) ?? []);
  return all.length > 0 ? { allOf: all } : {};
}

/**
 * Undefined for what the chart itself says (templates/_guards.tpl).
 *
 * @throws TypeError for a rule of a new form: say it here or there
 */
function requirement(rule: string): ValueSchema | undefined {
  const [, not, pattern] = /^(!?)self\.matches\(r'([^']*)'\)( && isURL\(self\))?$/.exec(rule) ?? [];
  if (pattern !== undefined) return not === '!' ? { not: { pattern } } : { pattern };
  if (/^!self\.contains\('.'\)( && !self\.contains\('.'\))*$/.test(rule))
    return { not: { pattern: `[${[...rule.matchAll(/'(.)'/g)].map(([, letter]) => letter).join('')}]` } };
  if (/^has\(self\.\w+\)( \|\| has\(self\.\w+\))*$/.test(rule))
    return { anyOf: [...rule.matchAll(/self\.(\w+)/g)].map(([, name = '']) => ({ required: [name] })) };
  if (rule.includes(URL_PORT_PATTERN)) return undefined;
  if (rule.endsWith('.filter(given, given).size() == 1')) return undefined;
  throw new TypeError(`no JSON Schema is known for the rule ${rule}`);
}

/** The same without what only the API server understands, and refusing unknown fields as it does. */
function toValue(schema: StructuralSchema): ValueSchema {
  const { type, description, minimum, maximum, minLength, maxLength, minItems, maxItems, required } = schema;
  const isSet = schema['x-kubernetes-list-type'] === 'set';
  return {
    type: type ?? ['integer', 'string'],
    ...(description !== undefined && { description }),
    ...(schema.enum && { enum: schema.enum }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(minLength !== undefined && { minLength }),
    ...(maxLength !== undefined && { maxLength }),
    ...(minItems !== undefined && { minItems }),
    ...(maxItems !== undefined && { maxItems }),
    ...(isSet && { uniqueItems: true }),
    ...(schema.maxProperties !== undefined && { maxProperties: schema.maxProperties }),
    ...(required && { required }),
    ...requirements(schema),
    ...(schema.items && { items: toValue(schema.items) }),
    ...(schema.properties && {
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([name, child]) => [name, toValue(child)]),
      ),
    }),
    ...(schema.additionalProperties && { additionalProperties: toValue(schema.additionalProperties) }),
  };
}
