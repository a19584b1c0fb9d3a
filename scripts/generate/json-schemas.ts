import { GROUP, VERSION } from '../../src/api/group.ts';
import { type KindDescription, kinds } from '../../src/api/kinds.ts';
import type { StructuralSchema } from '../../src/api/structural-schema.ts';
import type { GeneratedFile } from './crd-files.ts';
import { explainedDefault, objectSchema } from './definition.ts';

/** The part of JSON Schema that the files use: https://json-schema.org/draft-07. */
interface JsonSchema {
  [keyword: string]: unknown;
  properties?: Record<string, JsonSchema>;
}

/** Says where the schema of a kind is, relative to the root. The CRDs catalogue has the same names: https://github.com/datreeio/CRDs-catalog. */
export function schemaPath(kind: string): string {
  return `schemas/${GROUP}/${kind.toLowerCase()}_${VERSION}.json`;
}

/**
 * A JSON Schema for each kind, for editors and kubeconform. Strict, as the catalogue's are: a field that the API server
 * would drop or refuse is a fault. Rules among several fields are in the CustomResourceDefinitions only.
 */
export function jsonSchemas(): GeneratedFile[] {
  return kinds.map((kind) => ({
    path: schemaPath(kind.resource.kind),
    content: `${JSON.stringify(wholeObject(kind), undefined, 2)}\n`,
  }));
}

function wholeObject(kind: KindDescription): JsonSchema {
  const { properties, ...root } = strict(objectSchema(kind));
  const fixed = {
    apiVersion: { type: 'string', enum: [`${GROUP}/${VERSION}`] },
    kind: { type: 'string', enum: [kind.resource.kind] },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: kind.resource.kind,
    ...root,
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: { ...properties, ...fixed },
  };
}

function strict(schema: StructuralSchema): JsonSchema {
  const { properties, items, additionalProperties, format, description, ...rest } = schema;
  // Keywords of Kubernetes mean nothing to a validator.
  const plain = Object.entries(rest).filter(
    ([keyword, value]) => !keyword.startsWith('x-kubernetes-') && value !== undefined,
  );
  const fallback = explainedDefault(schema.default);
  return {
    ...(description && { description: fallback ? `${description} Default: ${fallback}.` : description }),
    ...Object.fromEntries(plain),
    ...(schema['x-kubernetes-int-or-string'] && { oneOf: [{ type: 'string' }, { type: 'integer' }] }),
    ...(format === 'date-time' && { format }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, strict(child)]),
      ),
      additionalProperties: false,
    }),
    ...(additionalProperties && { additionalProperties: strict(additionalProperties) }),
    ...(items && { items: strict(items) }),
  };
}
