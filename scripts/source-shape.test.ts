import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { isSyntaxNode, type SyntaxNode, visitFile } from '../test/harness/source-code.ts';

/** What conventions 8 and 9 of CONTRIBUTING say of each file of src, as far as a program can see it. */

const root = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: root }).filter(
  (file) => !/\.test\.ts$|\/testing\/|conformance\.ts$/.test(file),
);

/** Longest body of a function, without comments and without the functions in it: a factory holds many. */
const mostLines = 60;

it('every export has a doc comment', () => {
  const bare: string[] = [];
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8');
    visitFile(file, (node) => {
      if (node.type !== 'ExportNamedDeclaration' || !isSyntaxNode(node['declaration'])) return;
      if (source.slice(0, node.start).trimEnd().endsWith('*/')) return;
      bare.push(`${file}: ${source.slice(node.start, node.end).split('\n')[0]}`);
    });
  }
  expect(bare, 'Say what it promises, in which units, and what it throws').toEqual([]);
});

it('no function is too long to be read at once', () => {
  const long: string[] = [];
  for (const file of files) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    const isCode = (line: number): boolean => !/^\s*($|\/\/|\/?\*)/.test(lines[line] ?? '');
    visitFile(file, (node, lineOf) => {
      if (!isFunction(node)) return;
      const skipped = new Set<number>();
      for (const inner of functionsIn(node))
        for (let line = lineOf(inner.start); line <= lineOf(inner.end); line++) skipped.add(line);
      let count = 0;
      for (let line = lineOf(node.start); line <= lineOf(node.end); line++)
        if (isCode(line) && !skipped.has(line)) count++;
      if (count > mostLines) long.push(`${file}:${lineOf(node.start) + 1}: ${count} lines`);
    });
  }
  expect(long, `More than ${mostLines} lines`).toEqual([]);
});

it('no two files differ by a plural only', () => {
  const names = new Set(files.map((file) => basename(file, '.ts')));
  expect([...names].filter((name) => names.has(`${name}s`))).toEqual([]);
});

function isFunction({ type }: SyntaxNode): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type);
}

/** The functions with a body of statements that are written in this one. */
function functionsIn(node: SyntaxNode): SyntaxNode[] {
  const children = Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value : [value]));
  return children.filter(isSyntaxNode).flatMap((child) => {
    const isBlock = isSyntaxNode(child['body']) && child['body'].type === 'BlockStatement';
    return isFunction(child) && isBlock ? [child] : functionsIn(child);
  });
}
