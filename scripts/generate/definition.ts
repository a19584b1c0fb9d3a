import { stringify } from 'yaml';
import { GROUP, VERSION } from '../../src/api/group.ts';
import type { KindDescription } from '../../src/api/kinds.ts';
import { type StructuralSchema, toStructuralSchema } from '../../src/api/structural-schema.ts';

/** The schema of a whole object of the kind, without the hints that the definition adds to descriptions. */
export function objectSchema(kind: KindDescription): StructuralSchema {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Always ${GROUP}/${VERSION}.` },
      kind: { type: 'string', description: `Always ${kind.resource.kind}.` },
      metadata: { type: 'object' },
      spec: toStructuralSchema(kind.spec, 'spec'),
      status: toStructuralSchema(kind.status, 'status'),
    },
  };
}

/** The CustomResourceDefinition of a kind as a plain object, ready for the API server. */
function customResourceDefinition(kind: KindDescription) {
  const { plural, kind: name, namespaced } = kind.resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GROUP}`,
      // Variables of a Flux Kustomization are meant for manifests, not for rules and descriptions.
      annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
    },
    spec: {
      group: GROUP,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: name.toLowerCase(),
        shortNames: [kind.shortName],
        categories: ['codemie'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })),
          schema: { openAPIV3Schema: withDefaultsExplained(objectSchema(kind)) },
        },
      ],
    },
  };
}

/** The definition as a file of the repository. */
export function definitionYaml(kind: KindDescription): string {
  const note = '# Made by `npm run generate` from src/api. Do not edit.\n';
  return (
    note +
    stringify(customResourceDefinition(kind), {
      lineWidth: 110,
      aliasDuplicateObjects: false,
      keepUndefined: false,
    })
  );
}

/** `kubectl explain` prints descriptions but no defaults, so each description ends with its default. */
function withDefaultsExplained(schema: StructuralSchema): StructuralSchema {
  const { properties, items, additionalProperties, ...own } = schema;
  const text = explainedDefault(schema.default);
  return {
    ...own,
    ...(text !== undefined && { description: `${schema.description} Default: ${text}.` }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, withDefaultsExplained(child)]),
      ),
    }),
    ...(items && { items: withDefaultsExplained(items) }),
    ...(additionalProperties && { additionalProperties: withDefaultsExplained(additionalProperties) }),
  };
}

/** How a default reads in a sentence. Undefined for an object: its members say theirs. */
export function explainedDefault(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : value.join(', ');
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : undefined;
}
