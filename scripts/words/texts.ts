import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Prose, proseOf } from './prose.ts';

const root = join(import.meta.dirname, '..', '..');

/** Prose of one file. */
export interface Text {
  file: string;
  /** What the checker parses it as: code blocks and inline code of Markdown are not prose. */
  format: '.md' | '.txt';
  content: string;
  /** Line of the file, from 1, at a place of the content; without it, the content has the lines of the file. */
  lineOf?: (line: number, column: number) => number;
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
const stringSources = ['src/**/*.ts', 'scripts/**/*.ts'];

/** Where comments and test names are checked. */
const commentSources = ['scripts/**/*.ts', 'test/**/*.ts', 'src/**/*.ts'];

/** The page that lists the words. */
const isExempt = (file: string): boolean => file === 'docs/contributing/style.md';

const isTest = (file: string): boolean => /\.test\.ts$|\/testing\/|conformance\.ts$/.test(file);

const find = (globs: string[]): string[] => globSync(globs, { cwd: root }).toSorted();

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Everything that `npm run check` holds to the vocabulary. */
export function allTexts(): Text[] {
  const withComments = new Set(find(commentSources));
  const withStrings = new Set(find(stringSources).filter((file) => !isTest(file)));
  return [
    ...find(wholeFiles)
      .filter((file) => !isExempt(file))
      .map(wholeText),
    ...withStrings
      .union(withComments)
      .values()
      .map((file) => sourceText(file, { strings: withStrings.has(file), comments: withComments.has(file) })),
  ];
}

/** The texts of single files and folders, comments and test names included. */
export function textsOf(paths: string[]): Text[] {
  return find(paths.flatMap((path) => [path, `${path}/**/*.{ts,md}`]))
    .filter((file) => /\.(?:ts|md)$/.test(file))
    .map((file) =>
      file.endsWith('.md') ? wholeText(file) : sourceText(file, { strings: !isTest(file), comments: true }),
    );
}

function wholeText(file: string): Text {
  return { file, format: file.endsWith('.md') ? '.md' : '.txt', content: read(file) };
}

function sourceText(file: string, wanted: { strings: boolean; comments: boolean }): Text {
  const strings = wanted.strings && !file.startsWith('test/');
  return {
    file,
    format: '.txt',
    ...linesOf(proseOf(read(file), { strings, comments: wanted.comments, testNames: wanted.comments })),
  };
}

/** One line for each piece of prose. */
function linesOf(pieces: Prose[]): Pick<Text, 'content' | 'lineOf'> {
  return {
    content: pieces.map(({ text }) => text).join('\n\n'),
    lineOf(line, column) {
      const piece = pieces[Math.floor((line - 1) / 2)];
      if (!piece) return 1;
      return piece.line + piece.breaks.filter((offset) => offset < column).length;
    },
  };
}
