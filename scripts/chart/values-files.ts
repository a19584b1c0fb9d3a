import { Document, Scalar, YAMLMap } from 'yaml';
import type { ValueSchema } from './value.ts';

/** What Helm checks values with: https://helm.sh/docs/topics/charts/#schema-files. */
export function valuesSchemaJson(values: ValueSchema): string {
  const { properties, ...rest } = values;
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'codemie-git-operator',
    ...rest,
    properties: {
      ...properties,
      // What Helm or a parent chart adds.
      global: { type: 'object', description: 'Values of a chart that has this one as a dependency.' },
      enabled: { type: 'boolean', description: 'Condition of a chart that has this one as a dependency.' },
    },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** `values.yaml`: each default, with its description above it. */
export function valuesYaml(values: ValueSchema): string {
  const map = toMap(values);
  for (const { key } of map.items) key.spaceBefore = true;
  const document = new Document(map);
  document.commentBefore = ' Made by `npm run generate` from scripts/chart. Do not edit.';
  return document.toString({ lineWidth: 110, indentSeq: true });
}

/** A table of all values for the README of the chart. */
export function valuesTable(values: ValueSchema): string {
  const rows = rowsOf(values, '').map(
    ({ path, schema }) =>
      `| \`${path}\` | ${typeName(schema)} | ${defaultOf(schema)} | ${schema.description ?? ''} |`,
  );
  return ['| Value | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Whether values stand below this one in `values.yaml`, each for itself. */
function isSection(schema: ValueSchema): boolean {
  const children = Object.values(schema.properties ?? {});
  return (
    schema.default === undefined && children.some((child) => child.default !== undefined || isSection(child))
  );
}

function toMap(schema: ValueSchema): YAMLMap<Scalar> {
  const map = new YAMLMap<Scalar>();
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (!isSection(child) && child.default === undefined) continue;
    const key = new Scalar(name);
    key.commentBefore = wrap(child.description ?? '', 100);
    map.set(key, isSection(child) ? toMap(child) : new Document(child.default).contents);
  }
  return map;
}

function wrap(text: string, width: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(` ${word}`);
  }
  return lines.join('\n');
}

function rowsOf(schema: ValueSchema, prefix: string): { path: string; schema: ValueSchema }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    return isSection(child) ? rowsOf(child, `${path}.`) : [{ path, schema: child }];
  });
}

function typeName({ type, enum: words, items }: ValueSchema): string {
  if (words) return words.map((word) => `\`${word}\``).join(', ');
  if (items) return 'list';
  return [type].flat().join(' or ');
}

function defaultOf({ default: fallback }: ValueSchema): string {
  return fallback === undefined || fallback === '' ? '' : `\`${JSON.stringify(fallback)}\``;
}
