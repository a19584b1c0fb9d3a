import { type StructuralSchema, toStructuralSchema } from '../../src/api/structural-schema.ts';
import { clusterCodeMieConnectionSpecSchema } from '../../src/api/v1alpha1/connection-spec.ts';
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
    url: { ...fields['url'], default: '' },
    // What is missing is said by the chart, and only where a connection is asked for.
    auth: { ...fields['auth'], default: {} },
    consumers: { ...fields['consumers'], default: [] },
  },
);

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
    ...(required && { required }),
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
