import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHART_FOLDER, type GeneratedFile } from '../generate/crd-files.ts';
import { values } from './values.ts';
import { valuesSchemaJson, valuesTable, valuesYaml } from './values-files.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = `${CHART_FOLDER}/README.md`;

/** What is made from the values of the chart: its schema, its `values.yaml`, and the table in its README. */
export async function chartFiles(): Promise<GeneratedFile[]> {
  const page = await readFile(join(root, readme), 'utf8');
  return [
    { path: `${CHART_FOLDER}/values.schema.json`, content: valuesSchemaJson(values) },
    { path: `${CHART_FOLDER}/values.yaml`, content: valuesYaml(values) },
    { path: readme, content: withTable(page) },
  ];
}

function withTable(page: string): string {
  const [before, after] = page.split(/<!-- values -->.*<!-- end of values -->/s);
  if (after === undefined) throw new TypeError(`${readme}: has no place for the values`);
  return `${before}<!-- values -->\n\n${valuesTable(values)}\n\n<!-- end of values -->${after}`;
}
