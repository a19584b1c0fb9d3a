import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** A node of the syntax tree, in the words of https://github.com/estree/estree. */
export interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

const root = join(import.meta.dirname, '..', '..');

/**
 * Shows each node of the operator's sources, without tests, with its file and its text. Of the command line, only what
 * reads the texts of other tenants is among them: the rest runs for its own user, and blocks no one else.
 */
export function visitSources(look: (node: SyntaxNode, file: string, text: string) => void): void {
  const files = globSync('src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.test\.ts$|\/testing\/|conformance\.ts$|^src\/cli\/(?!redact)/.test(file),
  );
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8');
    visit(parseAst(source, { lang: 'ts' }), (node) => look(node, file, source.slice(node.start, node.end)));
  }
}

/** Shows each node of one file, by its path from the root, with a function from an offset to a line, from 0. */
export function visitFile(
  file: string,
  look: (node: SyntaxNode, lineOf: (offset: number) => number) => void,
): void {
  const source = readFileSync(join(root, file), 'utf8');
  const ends = Array.from(source.matchAll(/\n/g), ({ index }) => index);
  const lineOf = (offset: number): number => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  visit(parseAst(source, { lang: 'ts' }), (node) => look(node, lineOf));
}

function visit(value: unknown, look: (node: SyntaxNode) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (isSyntaxNode(value)) look(value);
  for (const child of Object.values(value)) visit(child, look);
}

/** Whether a field of a node is a node, too. */
export function isSyntaxNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'start' in value
  );
}
