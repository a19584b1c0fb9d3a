import { check, type Diagnostics, type Parameters } from 'recheck';
import { describe, expect, it } from 'vitest';
import { PORT_PATTERN, URL_PORT_PATTERN } from '../src/lib/port.ts';
import { isSyntaxNode, type SyntaxNode, visitSources } from '../test/harness/source-code.ts';

interface Found {
  place: string;
  pattern: string;
  flags: string;
}

/**
 * Read from flags of the operator's own process by an administrator; its texts are made of constants, which the checker
 * does not finish with.
 */
const ofAdministrators = ['src/lib/label-selector.ts'];

/** Every regular expression of the product, and every place that makes one of a text. */
function search(): { found: Found[]; made: string[] } {
  const found: Found[] = [];
  const made: string[] = [];
  visitSources((node, file, text) => {
    if (ofAdministrators.includes(file)) return;
    if (isRegex(node)) found.push({ place: file, ...node.regex });
    if (makesRegex(node)) made.push(`${file}: ${text}`);
  });
  return { found, made };
}

function isRegex(node: SyntaxNode): node is SyntaxNode & { regex: { pattern: string; flags: string } } {
  return node.type === 'Literal' && typeof node['regex'] === 'object' && node['regex'] !== null;
}

/** `RegExp(…)`, with or without `new`, and the methods of a string that make one of a string. */
function makesRegex(node: SyntaxNode): boolean {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false;
  const callee = node['callee'];
  if (!isSyntaxNode(callee)) return false;
  if (callee['name'] === 'RegExp') return true;
  const property = callee['property'];
  const method = isSyntaxNode(property) && property['name'];
  if (method !== 'match' && method !== 'matchAll' && method !== 'search') return false;
  const [argument, ...others]: unknown[] = Array.isArray(node['arguments']) ? node['arguments'] : [];
  // Addresses have their own `match`, with two arguments.
  if (others.length > 0) return false;
  return isSyntaxNode(argument) && !isRegex(argument);
}

const { found, made } = search();

/** For vitest: what a check costs is bounded by the checker's work. */
const untimed = 0;

/** The same work on each machine, however busy it is: steps instead of time, and the same random numbers. */
const boundedWork: Parameters = {
  timeout: null,
  incubationTimeout: null,
  attackTimeout: null,
  attackLimit: 10_000_000,
  randomSeed: 1,
};

describe('regular expressions', () => {
  it('are made of no text but constants of ours', () => {
    expect(made.toSorted()).toEqual([
      'src/api/duration-text.ts: new RegExp(DURATION_PATTERN)',
      'src/api/v1alpha1/connection-spec.ts: new RegExp(HOST_GLOB)',
      'src/api/v1alpha1/connection-spec.ts: new RegExp(SERVICE_URL)',
      'src/lib/port.ts: new RegExp(URL_PORT_PATTERN)',
      'src/lib/port.ts: new RegExp(`^${PORT_PATTERN}$`)',
    ]);
  });

  describe('are linear', () => {
    it.each([
      ...found,
      { place: 'DURATION_PATTERN', pattern: '^([0-9]{1,6}[hms])+$', flags: '' },
      {
        place: 'SERVICE_URL',
        pattern: '^http://[a-z0-9.-]+\\.svc(\\.cluster\\.local)?(:[0-9]+)?(/|$)',
        flags: '',
      },
      { place: 'HOST_GLOB', pattern: `^[a-z0-9*]([a-z0-9*.-]*[a-z0-9*])?(:${PORT_PATTERN})?$`, flags: '' },
      { place: 'PORT_PATTERN', pattern: `^${PORT_PATTERN}$`, flags: '' },
      { place: 'URL_PORT_PATTERN', pattern: URL_PORT_PATTERN, flags: '' },
    ])(
      '$place: /$pattern/$flags',
      async ({ pattern, flags }) => {
        expect(complexityOf(await check(pattern, flags, boundedWork))).toMatch(/^(safe|linear)\b/);
      },
      untimed,
    );

    it(
      'unless one is not, which is seen',
      async () => {
        expect(complexityOf(await check('/+$', '', boundedWork))).toBe('2nd degree polynomial');
        expect(complexityOf(await check('^(a*)*$', '', boundedWork))).toBe('exponential');
      },
      untimed,
    );
  });
});

function complexityOf(found: Diagnostics): string {
  return found.status === 'unknown' ? `unknown: ${found.error.kind}` : found.complexity.summary;
}
