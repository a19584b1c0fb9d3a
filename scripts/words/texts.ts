import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Comment, parseSync } from 'oxc-parser';
import { isSyntaxNode } from '../../test/harness/source-code.ts';

const root = join(import.meta.dirname, '..', '..');

/** Prose of one file, with a line for each line of the file, so that a place in it is a place in the file. */
export interface Text {
  file: string;
  /** What the checker parses it as: code blocks and inline code of Markdown are not prose. */
  format: '.md' | '.txt';
  content: string;
}

/** Pages, and files of which each line is prose, or YAML and JSON whose names are checked as well. */
const wholeFiles = [
  '*.md',
  'docs/**/*.md',
  'charts/**/*.{md,yaml,txt,tpl,json}',
  'examples/**/*.{md,yaml,yml}',
  '.github/**/*.{md,yaml,yml}',
];

/** Where string literals reach a user, a log or a metric. */
const sources = ['src/**/*.ts', 'scripts/**/*.ts'];

/** The page that lists the words, and pages that are yet to be rewritten. */
const isExempt = (file: string): boolean =>
  file === 'docs/contributing/style.md' || file.startsWith('docs/adr/');

const isTest = (file: string): boolean => /\.test\.ts$|\/testing\/|conformance\.ts$/.test(file);

/** Everything that the vocabulary holds for. */
export function allTexts(): Text[] {
  const find = (globs: string[]): string[] =>
    globSync(globs, { cwd: root }).filter((file) => !isExempt(file));
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  return [
    ...find(wholeFiles).map((file) => ({
      file,
      format: file.endsWith('.md') ? ('.md' as const) : ('.txt' as const),
      content: read(file),
    })),
    ...find(sources)
      .filter((file) => !isTest(file))
      .map((file) => ({ file, format: '.txt' as const, content: proseOf(read(file)) })),
  ];
}

/** The string literals of a TypeScript source, each on the line on which it begins; placeholders are `…`. */
export function proseOf(source: string, { comments = false } = {}): string {
  const { program, comments: found } = parseSync('source.ts', source);
  const pieces: { start: number; text: string }[] = comments ? found.map(commentText) : [];
  collect(program, pieces);
  const lines = source.split('\n').map((): string[] => []);
  const lineOf = lineFinder(source);
  for (const { start, text } of pieces)
    for (const [index, line] of text.split('\n').entries()) lines[lineOf(start) + index]?.push(line);
  return lines.map((line) => line.join(' | ')).join('\n');
}

function commentText({ start, value }: Comment): { start: number; text: string } {
  return { start, text: value };
}

function collect(value: unknown, pieces: { start: number; text: string }[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (isSyntaxNode(value)) {
    const text = literalText(value);
    if (text?.includes(' ')) pieces.push({ start: value.start, text });
  }
  for (const child of Object.values(value)) collect(child, pieces);
}

function literalText(node: Record<string, unknown>): string | undefined {
  if (node['type'] === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node['type'] !== 'TemplateLiteral' || !Array.isArray(node['quasis'])) return undefined;
  return node['quasis'].map((quasi: { value?: { cooked?: string } }) => quasi.value?.cooked ?? '').join('…');
}

/** Line of an offset, from 0. */
function lineFinder(source: string): (offset: number) => number {
  const starts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}
