import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesAny, matchesGlob, trimEnd } from './linear-text.ts';

describe('matchesGlob', () => {
  it.each([
    ['git.example.com', 'git.example.com', true],
    ['git.example.com', 'gitXexample.com', false],
    ['*', '', true],
    ['*', 'anything at all', true],
    ['', '', true],
    ['', 'a', false],
    ['*.example.com', 'git.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'git.example.com.evil.test', false],
    ['team-*', 'team-a', true],
    ['team-*', 'Team-a', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['*ab*ab*', 'ab', false],
    ['**', 'x', true],
    ['a**b', 'ab', true],
    ['.*', 'x', false],
    ['[a-z]+', 'a', false],
    ['a*', 'a\nb', true],
  ])('%j and %j: %s', (glob, text, expected) => {
    expect(matchesGlob(glob, text)).toBe(expected);
  });

  it('agrees with a search that tries every split', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }), (glob, text) => {
        expect(matchesGlob(glob.join(''), text.join(''))).toBe(everySplit(glob, text));
      }),
      { numRuns: 2000 },
    );
  });

  it('comes to an end for a pattern that a backtracking matcher would need 2^60 steps for', () => {
    expect(matchesGlob(`${'*a'.repeat(60)}*b`, 'a'.repeat(250))).toBe(false);
  });
});

describe('matchesAny', () => {
  it('is true for one match among many, and false for an empty list', () => {
    expect(matchesAny(['b', 'a*'], 'abc')).toBe(true);
    expect(matchesAny(['b', 'c'], 'abc')).toBe(false);
    expect(matchesAny([], 'abc')).toBe(false);
  });
});

/** The meaning of a glob, as slowly as it gets. */
function everySplit(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first !== '*') return text[0] === first && everySplit(rest, text.slice(1));
  return everySplit(rest, text) || (text.length > 0 && everySplit(glob, text.slice(1)));
}

it.each([
  ['', ''],
  ['a', 'a'],
  ['a//', 'a'],
  ['//', ''],
  ['/a/b', '/a/b'],
])('trimEnd: %j', (text, expected) => {
  expect(trimEnd(text, '/')).toBe(expected);
});
