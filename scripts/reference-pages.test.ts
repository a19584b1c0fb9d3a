import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../src/cli/io.ts';
import { codeMieOutages, providerOutages } from '../src/controllers/status-parts.ts';
import { sectionOf } from '../test/harness/code-blocks.ts';
import { isSyntaxNode, type SyntaxNode, visitSources } from '../test/harness/source-code.ts';

// Reference pages that are written by hand list what the code has, all of it and nothing else. Conditions, metrics, flags
// and durations are compared in other tests; the API, permissions and values are generated.

const root = join(import.meta.dirname, '..');
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** A name with a domain, as Kubernetes has them for annotations, labels and finalizers. */
const qualified = /^(?:[a-z0-9-]+\.)+[a-z0-9-]+\/[A-Za-z][\w-]*$/;

/** The texts in the operator's sources, the environment variables that they read, and the events they make. */
const texts: string[] = [];
const variables = new Set<string>();
const events: { type: string; reason: string }[] = [];
visitSources((node) => {
  if (node.type === 'Literal' && typeof node['value'] === 'string') texts.push(node['value']);
  const variable = node.type === 'MemberExpression' ? indexOf(node) : undefined;
  if (variable !== undefined) variables.add(variable);
  const event = node.type === 'ObjectExpression' ? eventOf(node) : undefined;
  if (event) events.push(event);
});

/** The name in `env['NAME']`. */
function indexOf({ object, property }: SyntaxNode): string | undefined {
  if (!isSyntaxNode(object) || object['name'] !== 'env' || !isSyntaxNode(property)) return undefined;
  return typeof property['value'] === 'string' ? property['value'] : undefined;
}

/** Type and reason of an event that is given in the source; undefined where they are those of a condition. */
function eventOf({ properties }: SyntaxNode): { type: string; reason: string } | undefined {
  const fields = new Map<unknown, unknown>();
  for (const each of Array.isArray(properties) ? properties : []) {
    if (!isSyntaxNode(each) || !isSyntaxNode(each['key']) || !isSyntaxNode(each['value'])) continue;
    fields.set(each['key']['name'], each['value']['value']);
  }
  const [type, reason] = [fields.get('type'), fields.get('reason')];
  if (!fields.has('note') || !fields.has('action')) return undefined;
  return typeof type === 'string' && typeof reason === 'string' ? { type, reason } : undefined;
}

/** The rows of the tables below a heading of a page, as cells. */
function rowsOf(page: string, heading?: string): string[][] {
  const text = read(page);
  const section = heading === undefined ? text.split('\n## ')[0] : sectionOf(text, heading);
  return [...(section ?? '').matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | ')).slice(2);
}

const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
const firstCodes = (rows: string[][]): string[] => rows.flatMap(([cell]) => codesIn(cell));

describe('docs/annotations.md', () => {
  const page = 'docs/annotations.md';

  it('has each annotation, label and finalizer of the operator, and no other', () => {
    const operators = new Set(texts.filter((text) => qualified.test(text) && !/\/v\d\w*$/.test(text)));
    expect(operators.size).toBeGreaterThan(4);
    const documented = [
      ...firstCodes(rowsOf(page, 'Annotations that you set')),
      ...firstCodes(rowsOf(page, 'Finalizers')),
      ...firstCodes(rowsOf(page, 'Labels that the operator sets')),
    ];
    expect(documented.toSorted()).toEqual([...operators].toSorted());
  });

  it('has each label and annotation of the chart, and no other', () => {
    const templates = globSync('charts/codemie-git-operator/templates/**/*.{yaml,tpl}', { cwd: root });
    const written = new Set(
      templates.flatMap((file) =>
        // Comments and descriptions name others.
        read(file)
          .split('\n')
          .filter((line) => !/^\s*(#|description:)|apiVersion|Value of the annotation/.test(line))
          .flatMap((line) => [...line.matchAll(/^\s*"?([\w.-]+\/[\w.-]+)"?:|"([\w.-]+\/[\w-]+)" /g)])
          .map(([, key, quoted]) => key ?? quoted ?? ''),
      ),
    );
    const documented = firstCodes(rowsOf(page, 'Labels and annotations of the chart'));
    expect(documented.toSorted()).toEqual([...written].toSorted());
  });
});

describe('docs/events.md', () => {
  const rows = rowsOf('docs/events.md');
  const rowsWith = (reason: string) => rows.filter(([cell]) => codesIn(cell).includes(reason));

  it('has each event that is not the reason of a condition, with its type, and no other', () => {
    expect(events.length).toBeGreaterThan(3);
    const typesOf = (reason: string) => rowsWith(reason).map(([, type]) => type);
    expect(events.map(({ reason }) => [reason, typesOf(reason)])).toEqual(
      events.map(({ type, reason }) => [reason, [type]]),
    );
    const known = new Set([...events.map(({ reason }) => reason), ...providerOutages, ...codeMieOutages]);
    // What stands for all reasons of a condition, and one of them as an example.
    const conditions = new Set(['Ready', 'Drifted', 'UsageLimited', 'ExpiresSoon']);
    expect(firstCodes(rows).filter((name) => !known.has(name) && !conditions.has(name))).toEqual([]);
  });

  it.each([
    { on: 'GitIntegration', outages: providerOutages },
    { on: 'connections', outages: codeMieOutages },
  ])('has each outage of $on', ({ on, outages }) => {
    const row = rows.find((cells) => cells[2] === on && /stops responding/.test(cells[3] ?? ''));
    expect(codesIn(row?.[0]).toSorted()).toEqual([...outages].toSorted());
  });
});

describe('docs/cli.md', () => {
  it('has each exit code, and no other', () => {
    const [, table = ''] = read('docs/cli.md').split('| Exit code | Meaning |\n');
    const documented = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| ([\d, ]+) \|/gm)]
      .flatMap(([, cell = '']) => cell.split(', '))
      .map(Number);
    expect(documented).toEqual(Object.values(exitCodes));
  });
});

describe('environment variables', () => {
  // Of the Pod itself, which Kubernetes sets.
  const given = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'];
  // Read by the exporter of OpenTelemetry.
  const ofLibrary = /^OTEL_(EXPORTER_OTLP_|RESOURCE_ATTRIBUTES$)/;
  const pages = `${read('docs/operating.md')}${read('docs/monitoring.md')}`;
  const proxies = texts.filter((text) => /^(HTTPS?|NO)_PROXY$/.test(text));

  it('that the operator reads are on docs/operating.md or docs/monitoring.md, and no others', () => {
    expect(variables.size).toBeGreaterThan(8);
    const ours = [...variables, ...proxies].filter((name) => !given.includes(name));
    const documented = new Set(pages.match(/\b(?:OTEL|KUBE|POD|HTTPS?|NO)[A-Z_]*_[A-Z_]+\b|\bKUBECONFIG\b/g));
    const unknown = [...documented].filter((name) => !ours.includes(name) && !ofLibrary.test(name));
    expect({ missing: ours.filter((name) => !documented.has(name)), unknown }).toEqual({
      missing: [],
      unknown: [],
    });
  });
});
