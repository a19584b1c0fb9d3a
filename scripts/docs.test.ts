import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { connectionConditions, gitIntegrationConditions } from '../src/api/conditions.ts';
import { API_VERSION } from '../src/api/group.ts';
import { kinds } from '../src/api/kinds.ts';
import { parsePart } from '../src/api/parse.ts';
import { settingsHelp } from '../src/settings.ts';
import { faultsOf } from '../test/alerts/query.ts';
import { blocksOf, codeBlocks } from '../test/harness/code-blocks.ts';
import { metricCatalogue } from '../test/harness/metric-catalogue.ts';

const root = join(import.meta.dirname, '..');
const elsewhere = new Set(['node_modules', 'dist', 'coverage']);
const pages = globSync('**/*.md', { cwd: root, exclude: (name) => elsewhere.has(name) }).toSorted();
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')));

describe.each(pages)('%s', (page) => {
  it('runs scripts that there are', () => {
    const named = [...read(page).matchAll(/npm (?:run )?(start|test|(?<=run )[a-z:-]+)/g)];
    expect(named.map(([, script = '']) => script).filter((script) => !(script in scripts))).toEqual([]);
  });

  it('links to what is there', () => {
    const dead = linksOf(read(page)).filter((link) => !leadsSomewhere(page, link));
    expect(dead).toEqual([]);
  });

  it('holds commands that a shell can parse', () => {
    const script = codeBlocks(read(page), 'sh').join('\n').replaceAll('…', 'x');
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
  });

  it('makes no Secret of a variable that may be unset', () => {
    const lines = codeBlocks(read(page), 'sh').join('\n').split('\n');
    const stored = lines.filter((line) => /--from-literal=|stringData/.test(line));
    expect(stored.filter((line) => /[="]\$(\w+|\{\w+\})(\W|$)/.test(line))).toEqual([]);
  });

  it('holds blocks that are checked here, run by a test, or output', () => {
    const blocks = blocksOf(read(page));
    // TypeScript is a sketch for contributors.
    const languages = new Set(['sh', 'yaml', 'json', 'promql', 'console', 'text', 'ts']);
    expect(blocks.filter(({ language }) => !languages.has(language))).toEqual([]);
    for (const { text } of blocks.filter(({ language }) => language === 'json'))
      expect(JSON.parse(text)).toEqual(expect.anything());
    const { own, standard } = metricCatalogue();
    const queries = blocks.filter(({ language }) => language === 'promql').map(({ text }) => text);
    const lines = queries.flatMap((text) => text.trim().split('\n'));
    expect(lines.flatMap((line) => faultsOf(line, [...own, ...standard]))).toEqual([]);
  });

  it('holds manifests that are right', () => {
    const faults = manifestsOf(read(page)).flatMap(({ kind, spec }) => {
      const known = kinds.find(({ resource }) => resource.kind === kind);
      if (!known) return [`unknown kind ${kind}`];
      const parsed = parsePart(known.spec, 'spec', spec);
      return parsed.ok ? [] : [`${kind} ${parsed.error}`];
    });
    expect(faults).toEqual([]);
  });
});

describe('docs/operating.md', () => {
  const rows = rowsOf(read('docs/operating.md'));
  const settings = [...settingsHelp().matchAll(/^ {2}--(\S+) +(.+)$/gm)].map(([, flag = '', text = '']) => ({
    flag,
    fallback: /Default: (\S+)\.$/.exec(text)?.[1] ?? '',
  }));

  it('knows the settings by heart', () => {
    expect(settings.map(({ flag }) => flag)).toContain('cluster-name');
    const documented = rows.keys().filter((name) => name.startsWith('--'));
    expect([...documented].toSorted()).toEqual(settings.map(({ flag }) => `--${flag}`).toSorted());
  });

  it.each(settings)('has the variable and the default of --$flag', ({ flag, fallback }) => {
    const [variables = '', usual = ''] = rows.get(`--${flag}`) ?? [];
    expect(variables).toContain(`\`CODEMIE_OPERATOR_${flag.replaceAll('-', '_').toUpperCase()}\``);
    expect(usual).toContain(fallback);
  });
});

describe('docs/monitoring.md', () => {
  it('has each metric, and no other, with its type, labels and meaning as in the code', () => {
    const rows = rowsOf(read('docs/monitoring.md'));
    const documented = rows
      .entries()
      .filter(([name]) => /^[a-z]+(_[a-z]+)+$/.test(name))
      .map(([name, cells]) => [name, ...cells].join(' | '));
    const real = metricCatalogue().own.map(({ name, type, labelNames, help }) =>
      [name, type, labelNames.map((label) => `\`${label}\``).join(', '), help].join(' | '),
    );
    expect([...documented].toSorted()).toEqual(real.toSorted());
  });

  it('knows each metric that the sources name: what makes it is called in test/harness/metric-catalogue.ts', () => {
    const made = new Set(metricCatalogue().own.map(({ name }) => name));
    const named = globSync('src/**/*.ts', { cwd: root, exclude: (name) => name.endsWith('.test.ts') })
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) =>
        [...read(file).matchAll(/\bname: '(codemie_\w+)'/g)].map(([, name = '']) => `${file}: ${name}`),
      );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((each) => !made.has(each.split(': ')[1] ?? ''))).toEqual([]);
  });
});

describe('docs/troubleshooting.md', () => {
  const sections = new Map(
    read('docs/troubleshooting.md')
      .split(/^## /m)
      .map((text) => [text.split('\n', 1)[0] ?? '', text] as const),
  );
  const told = [
    ...gitIntegrationConditions.map(({ type, reasons }) => ({ section: type, reasons })),
    ...connectionConditions.map(({ reasons }) => ({ section: 'Connections', reasons })),
  ].flatMap(({ section, reasons }) =>
    Object.entries(reasons)
      // The rest report success.
      .filter(([, { status, remedy }]) => status !== 'True' || remedy !== undefined)
      .map(([reason]) => ({ section, reason })),
  );

  it.each(told)('says what to do about $reason under $section, with a command', ({ section, reason }) => {
    const parts = sections.get(section)?.split(/^### /m) ?? [];
    const part = parts.find((text) => text.split('\n', 1)[0]?.split(', ').includes(reason));
    expect(part).toMatch(/^```sh\nkubectl /m);
  });

  it('has no reason that the code lacks', () => {
    const headings = [...sections].flatMap(([section, text]) =>
      [...text.matchAll(/^### (.+)$/gm)].flatMap(([, names = '']) =>
        names.split(', ').map((reason) => ({ section, reason })),
      ),
    );
    expect(headings.toSorted(byText)).toEqual(told.toSorted(byText));
  });

  const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
});

/** Rows of the tables of a page whose first cell is one piece of code, by that; the other cells as they are. */
function rowsOf(text: string): Map<string, string[]> {
  const rows = [...text.matchAll(/^\| `([^`|]+)` \| (.*) \|$/gm)];
  return new Map(rows.map(([, name = '', rest = '']) => [name, rest.split(' | ')]));
}

function linksOf(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  const file = join(root, target);
  if (!existsSync(file)) return false;
  if (anchor === undefined) return true;
  return statSync(file).isFile() && anchorsOf(read(target)).has(anchor);
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)) {
    const plain = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
    const slug = plain.replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

const manifest = z.object({ apiVersion: z.literal(API_VERSION), kind: z.string(), spec: z.unknown() });

/** Our own kinds in the YAML blocks of a page; other YAML is none of our business. A block that is not YAML throws. */
function manifestsOf(text: string): z.output<typeof manifest>[] {
  const documents = codeBlocks(text, 'yaml').flatMap((block) => parseAllDocuments(block));
  for (const { errors } of documents) if (errors[0]) throw errors[0];
  return documents
    .filter((document) => document.get('apiVersion') === API_VERSION)
    .map((document) => manifest.parse(document.toJS()));
}
