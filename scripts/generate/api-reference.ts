import type { ConditionDescription } from '../../src/api/conditions.ts';
import { API_VERSION } from '../../src/api/group.ts';
import type { KindDescription } from '../../src/api/kinds.ts';
import { VALIDATIONS } from '../../src/api/rule.ts';
import type { StructuralSchema } from '../../src/api/structural-schema.ts';
import { explainedDefault, objectSchema } from './definition.ts';

interface Field {
  path: string;
  schema: StructuralSchema;
  required: boolean;
}

/** The API reference as Markdown: fields, rules, columns and conditions of each kind. */
export function apiReference(kinds: readonly KindDescription[]): string {
  const links = kinds.map(({ resource }) => `- [${resource.kind}](#${resource.kind.toLowerCase()})`);
  return `${[
    '<!-- Made by `npm run generate` from src/api. Do not edit. -->',
    '# API reference',
    `All kinds are of \`${API_VERSION}\`. \`kubectl explain gitintegration.spec\` shows the same text in a terminal; manifests to start from are in [examples](../examples).`,
    links.join('\n'),
    ...kinds.flatMap(kindSection),
  ].join('\n\n')}\n`;
}

function kindSection(kind: KindDescription): string[] {
  const { kind: name, namespaced, plural } = kind.resource;
  const { spec, status } = objectSchema(kind).properties ?? {};
  if (!spec || !status) throw new TypeError(`${name} has no spec or no status`);
  return [
    `## ${name}`,
    kind.description,
    `${namespaced ? 'Namespaced' : 'Cluster-wide'}. Short name \`${kind.shortName}\`, category \`codemie\`, resource \`${plural}\`. \`--field-selector\` takes ${kind.selectableFields.map((path) => `\`${path.slice(1)}\``).join(', ')}.`,
    '### Spec',
    fieldTable('spec', spec),
    '### Rules',
    'The API server refuses a manifest that breaks one of these, with this sentence:',
    ruleTable(spec),
    '### Status',
    fieldTable('status', status),
    '### Columns',
    'What `kubectl get` prints; the last ones with `-o wide` only.',
    table(
      ['Column', 'Meaning'],
      kind.columns.map(({ name: column, description, priority }) => [
        column,
        priority ? `${description} Wide.` : description,
      ]),
    ),
    '### Conditions',
    'True: it holds. False: action required. Unknown: not known yet; the operator retries. For conditions that are present only while true, True asks for attention.',
    ...kind.conditions.flatMap(conditionSection),
  ];
}

function conditionSection({ type, meaning, reasons }: ConditionDescription): string[] {
  const rows = Object.entries(reasons).map(([reason, { status, meaning: cause, remedy }]) => [
    `\`${reason}\``,
    status,
    cause,
    remedy ?? '',
  ]);
  const heading = `**${type}**: ${meaning}`;
  return rows.length === 0
    ? [heading]
    : [heading, table(['Reason', 'Status', 'Meaning', 'What to do'], rows)];
}

function fieldTable(root: string, schema: StructuralSchema): string {
  return table(
    ['Field', 'Type', 'Default', 'Meaning'],
    fieldsBelow(root, schema).map(({ path, schema: field, required }) => [
      `\`${path.slice(root.length + 1)}\``,
      typeName(field),
      required ? '**required**' : codeOrNothing(explainedDefault(field.default)),
      field.description ?? '',
    ]),
  );
}

function ruleTable(spec: StructuralSchema): string {
  const fields = [{ path: 'spec', schema: spec, required: true }, ...fieldsBelow('spec', spec)];
  const places = new Map<string, string[]>();
  for (const { path, schema } of fields) {
    const onItems = (schema.items?.[VALIDATIONS] ?? []).map((rule) => ({ rule, place: `${path}[]` }));
    const own = (schema[VALIDATIONS] ?? []).map((rule) => ({ rule, place: path }));
    for (const { rule, place } of [...own, ...onItems]) {
      const known = places.get(rule.message) ?? [];
      places.set(rule.message, [...known, `\`${place}${rule.fieldPath ?? ''}\``]);
    }
  }
  return table(
    ['Sentence', 'Fields'],
    [...places].map(([message, found]) => [message, found.join(', ')]),
  );
}

/** Every field below a schema, parents before their members. */
function fieldsBelow(path: string, schema: StructuralSchema): Field[] {
  const inside = schema.items ?? schema;
  const prefix = schema.items ? `${path}[]` : path;
  return Object.entries(inside.properties ?? {}).flatMap(([name, child]) => {
    const childPath = `${prefix}.${name}`;
    const required = inside.required?.includes(name) ?? false;
    return [{ path: childPath, schema: child, required }, ...fieldsBelow(childPath, child)];
  });
}

function typeName(schema: StructuralSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.items) return `list of ${typeName(schema.items)}`;
  if (schema.additionalProperties) return `map of ${typeName(schema.additionalProperties)}`;
  if (schema['x-kubernetes-int-or-string']) return 'integer, also as a string';
  return schema.format === 'date-time' ? 'time (RFC 3339)' : (schema.type ?? '');
}

function codeOrNothing(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
