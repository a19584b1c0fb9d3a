import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from 'recheck';
import { parseAst } from 'rolldown/parseAst';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Found {
  place: string;
  pattern: string;
  flags: string;
}

/**
 * Read from flags of the operator's own process by an administrator; its texts are made of constants, which the checker
 * does not finish with.
 */
const ofAdministrators = ['src/kube/label-selector.ts'];

/** Every regular expression of the product, and every place that makes one of a text. */
function search(): { found: Found[]; made: string[] } {
  const found: Found[] = [];
  const made: string[] = [];
  const files = globSync('src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.test\.ts$|\/testing\/|conformance\.ts$/.test(file) && !ofAdministrators.includes(file),
  );
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    visit(parseAst(text, { lang: 'ts' }), (node) => {
      if (isRegex(node)) found.push({ place: file, ...node.regex });
      if (makesRegex(node)) made.push(`${file}: ${text.slice(node.start, node.end)}`);
    });
  }
  return { found, made };
}

interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) look(value);
  for (const child of Object.values(value)) visit(child, look);
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string' && 'start' in value;
}

function isRegex(node: Node): node is Node & { regex: { pattern: string; flags: string } } {
  return node.type === 'Literal' && typeof node['regex'] === 'object' && node['regex'] !== null;
}

/** `RegExp(…)`, with or without `new`, and the methods of a string that make one of a string. */
function makesRegex(node: Node): boolean {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false;
  const callee = node['callee'];
  if (typeof callee !== 'object' || callee === null || !isNode(callee)) return false;
  if (callee['name'] === 'RegExp') return true;
  const property = callee['property'];
  const method = typeof property === 'object' && property !== null && isNode(property) && property['name'];
  if (method !== 'match' && method !== 'matchAll' && method !== 'search') return false;
  const [argument, ...others]: unknown[] = Array.isArray(node['arguments']) ? node['arguments'] : [];
  // Addresses have a `match` of their own, with two arguments.
  if (others.length > 0) return false;
  return typeof argument === 'object' && argument !== null && isNode(argument) && !isRegex(argument);
}

const { found, made } = search();

describe('regular expressions', () => {
  it('are made of no text but constants of ours', () => {
    expect(made.toSorted()).toEqual([
      'src/api/duration.ts: new RegExp(DURATION_PATTERN)',
      'src/api/v1alpha1/connection-spec.ts: new RegExp(SERVICE_URL)',
    ]);
  });

  describe('are linear', () => {
    let checkSync: typeof import('recheck').checkSync;
    beforeAll(async () => {
      // The checker in JavaScript, instead of a program of its own.
      process.env['RECHECK_BACKEND'] = 'pure';
      ({ checkSync } = await import('recheck'));
    });

    it.each([
      ...found,
      { place: 'DURATION_PATTERN', pattern: '^([0-9]{1,6}[hms])+$', flags: '' },
      {
        place: 'SERVICE_URL',
        pattern: '^http://[a-z0-9.-]+\\.svc(\\.cluster\\.local)?(:[0-9]+)?(/|$)',
        flags: '',
      },
    ])(
      '$place: /$pattern/$flags',
      ({ pattern, flags }) => {
        expect(complexityOf(checkSync(pattern, flags, { timeout: 30_000 }))).toMatch(/^(safe|linear)\b/);
      },
      120_000,
    );
  });

  it('knows one that is not when it sees it', async () => {
    const { checkSync } = await import('recheck');
    expect(complexityOf(checkSync('/+$', ''))).toBe('2nd degree polynomial');
    expect(complexityOf(checkSync('^(a*)*$', ''))).toBe('exponential');
  });
});

function complexityOf(found: Diagnostics): string {
  return found.status === 'unknown' ? `unknown: ${found.error.kind}` : found.complexity.summary;
}
