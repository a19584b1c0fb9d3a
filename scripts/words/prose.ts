import { type Comment, parseSync } from 'oxc-parser';
import { isSyntaxNode, type SyntaxNode } from '../../test/harness/source-code.ts';

/** A comment, a string or the name of a test, on one line: a word that is broken over two lines is found as well. */
export interface Prose {
  /** Where it begins in the file, from 1. */
  line: number;
  text: string;
  /** Offsets in `text` at which a line of the file ends. */
  breaks: number[];
}

/** What to take from a source. */
export interface Wanted {
  comments?: boolean;
  /** String literals of several words; placeholders are `…`. */
  strings?: boolean;
  /** Names given to describe, it and test, and the fields of a table's rows that they show. */
  testNames?: boolean;
}

/** The prose of a TypeScript source. */
export function proseOf(source: string, wanted: Wanted): Prose[] {
  const { program, comments } = parseSync('source.ts', source);
  const lineOf = lineFinder(source);
  const found: Prose[] = [];
  if (wanted.comments)
    for (const { start, value } of joined(comments, lineOf))
      found.push(prose(lineOf(start), value.replaceAll(/`[^`\n]*`|https?:\/\/[^\s)"]+/g, withoutWords)));
  const add = (node: SyntaxNode, text: string): number => found.push(prose(lineOf(node.start), text));
  if (wanted.strings)
    visit(program, (node) => {
      const text = literalText(node);
      if (text?.includes(' ')) add(node, text);
    });
  if (wanted.testNames) for (const { node, text } of testNames(program)) add(node, text);
  return found;
}

/** Code and addresses in a comment are no prose. */
function withoutWords(code: string): string {
  return '`'.repeat(code.length);
}

function prose(line: number, text: string): Prose {
  const lines = text.split(/[ \t]*\n[ \t]*(?:\*(?: |$))?/);
  const breaks: number[] = [];
  let length = 0;
  for (const each of lines.slice(0, -1)) {
    length += each.length + 1;
    breaks.push(length);
  }
  return { line, text: lines.join(' '), breaks };
}

/** Line comments below each other are one text. */
function joined(comments: Comment[], lineOf: (offset: number) => number): { start: number; value: string }[] {
  const groups: { start: number; lastLine: number; value: string }[] = [];
  for (const { type, start, value } of comments) {
    const before = groups.at(-1);
    const line = lineOf(start);
    if (type === 'Line' && before?.lastLine === line - 1) {
      before.value += `\n${value.trim()}`;
      before.lastLine = line;
    } else groups.push({ start, value, lastLine: type === 'Line' ? line : Number.NaN });
  }
  return groups;
}

interface Named {
  node: SyntaxNode;
  text: string;
}

function testNames(program: unknown): Named[] {
  const names: Named[] = [];
  const fields = new Set(['name', 'title']);
  visit(program, (node) => {
    if (node.type !== 'CallExpression' || !Array.isArray(node['arguments'])) return;
    if (!isTestFunction(node['callee'])) return;
    const first: unknown = node['arguments'][0];
    if (!isSyntaxNode(first)) return;
    const text = literalText(first);
    if (text === undefined) return;
    names.push({ node: first, text });
    for (const [, field = ''] of text.matchAll(/\$(\w+)/g)) fields.add(field);
  });
  if (names.length === 0) return [];
  visit(program, ({ type, key, value }) => {
    if (type !== 'Property' || !isSyntaxNode(key) || !isSyntaxNode(value)) return;
    const text = literalText(value);
    if (text?.includes(' ') && fields.has(String(key['name']))) names.push({ node: value, text });
  });
  return names;
}

/** `it`, `it.skip`, `it.each(rows)`, also with a table in backquotes. */
function isTestFunction(callee: unknown): boolean {
  if (!isSyntaxNode(callee)) return false;
  if (callee.type === 'Identifier') return ['describe', 'it', 'test'].includes(String(callee['name']));
  return isTestFunction(callee['object'] ?? callee['callee'] ?? callee['tag']);
}

function visit(value: unknown, show: (node: SyntaxNode) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (isSyntaxNode(value)) show(value);
  for (const child of Object.values(value)) visit(child, show);
}

function literalText(node: SyntaxNode): string | undefined {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node['quasis'])) return undefined;
  return node['quasis'].map((quasi: { value?: { cooked?: string } }) => quasi.value?.cooked ?? '').join('…');
}

/** Line of an offset, from 1. */
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
    return low + 1;
  };
}
