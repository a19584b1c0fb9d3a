import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isSyntaxNode, type SyntaxNode, visitSources } from '../../test/harness/source-code.ts';
import { durationsPage } from './durations-page.ts';

const root = join(import.meta.dirname, '..', '..');

it('the page of durations is what `npm run generate` writes', () => {
  const { path, content } = durationsPage();
  expect(readFileSync(join(root, path), 'utf8')).toBe(content);
});

/** Where a number is no duration that the operator waits for: units, the largest timer, and bounds on bursts. */
const exempt: ReadonlySet<string> = new Set([
  'src/api/duration-text.ts',
  'src/lib/clock.ts',
  'src/lib/durations.ts',
  'src/lib/bounds.ts',
]);

/** A number that is written out, such as `10 * 60_000` or `now + 5_000`; 0 and 1 are no durations. */
function isWritten(value: unknown): boolean {
  if (!isSyntaxNode(value)) return false;
  switch (value.type) {
    case 'BinaryExpression': {
      const sides = [value['left'], value['right']];
      return value['operator'] === '+' ? sides.some(isWritten) : sides.every(isWritten);
    }
    case 'LogicalExpression':
      return isWritten(value['right']);
    case 'ConditionalExpression':
      return isWritten(value['consequent']) || isWritten(value['alternate']);
    case 'ArrowFunctionExpression':
      return isWritten(value['body']);
    case 'ArrayExpression':
      return Array.isArray(value['elements']) && value['elements'].some(isWritten);
    default:
      return value.type === 'Literal' && typeof value['value'] === 'number' && value['value'] > 1;
  }
}

/** What a node gives a name to, and the name. */
function namedBy(node: SyntaxNode): [name: unknown, value: unknown] {
  switch (node.type) {
    case 'VariableDeclarator':
      return [node['id'], node['init']];
    case 'AssignmentPattern':
      return [node['left'], node['right']];
    case 'Property':
      return [node['key'], node['value']];
    case 'CallExpression':
      return [node['callee'], Array.isArray(node['arguments']) ? node['arguments'][0] : undefined];
    default:
      return [undefined, undefined];
  }
}

/** `Math.max(atMs - now, 1000)`: a bound that a time is compared with. */
function isBoundOfTime(node: SyntaxNode, text: string): boolean {
  const values = node['arguments'];
  return (
    /^Math\.(max|min)\(/.test(text) && /Ms\b/.test(text) && Array.isArray(values) && values.some(isWritten)
  );
}

const names = /^(?!(?:hour|day)Ms$|\w+Seconds$)[a-z]\w*Ms$|^watchSeconds$|^sleep$/;

it('no duration is written outside of src/lib/durations.ts, from which the page is made', () => {
  const found: string[] = [];
  visitSources((node, file, text) => {
    const [name, value] = namedBy(node);
    const isNamed = isSyntaxNode(name) && typeof name['name'] === 'string' && names.test(name['name']);
    const isTimer = text.startsWith('AbortSignal.timeout(');
    const isWait = ((isNamed || isTimer) && isWritten(value)) || isBoundOfTime(node, text);
    if (!exempt.has(file) && isWait) found.push(`${file}: ${text}`);
  });
  expect(found, 'Give it a name and a purpose in src/lib/durations.ts').toEqual([]);
});
