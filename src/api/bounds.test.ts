import { describe, expect, it } from 'vitest';
import { kinds } from './kinds.ts';
import { parseWithIssues } from './parse.ts';
import { type StructuralSchema, toStructuralSchema } from './structural-schema.ts';
import { gitIntegrationSpecSchema } from './v1alpha1/git-integration-spec.ts';

/** A value that breaks one keyword of a schema by as little as possible, and what is said about it. */
interface Broken {
  path: PropertyKey[];
  value: unknown;
  sentence: string;
}

const word = (length: number) => 'a'.repeat(length);
const items = (length: number) => Array.from({ length }, (_, index) => `a${index}`);

function brokenBy(schema: StructuralSchema): [value: unknown, sentence: string][] {
  const { type, enum: choices, format, minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  if (type === undefined) return [];
  const found: [unknown, string][] = [[type === 'string' ? 1 : 'a', `must be of type ${type}`]];
  if (choices) return [['a', `must be one of ${choices.join(', ')}`]];
  if (format === 'date-time') found.push(['a', 'must be a time, such as 2027-01-31T00:00:00Z']);
  if (minimum !== undefined) found.push([minimum - 1, `must be at least ${minimum}`]);
  if (maximum !== undefined) found.push([maximum + 1, `must be at most ${maximum}`]);
  if (type === 'integer') found.push([1.5, 'must be of type integer'], [1e30, 'must be of type integer']);
  if (minLength === 1) found.push(['', 'must not be empty']);
  else if (minLength !== undefined)
    found.push([word(minLength - 1), `must have at least ${minLength} characters`]);
  if (maxLength !== undefined) found.push([word(maxLength + 1), `must have at most ${maxLength} characters`]);
  if (minItems === 1) found.push([[], 'must not be empty']);
  if (maxItems !== undefined) found.push([items(maxItems + 1), `must have at most ${maxItems} items`]);
  return found;
}

/** Every way to break one keyword anywhere below a schema. */
function casesOf(schema: StructuralSchema, path: PropertyKey[] = ['spec']): Broken[] {
  const own = brokenBy(schema).map(([value, sentence]) => ({ path, value, sentence }));
  const { properties = {}, items: item, additionalProperties: entry } = schema;
  return [
    ...own,
    ...Object.entries(properties).flatMap(([name, child]) => casesOf(child, [...path, name])),
    ...(item ? casesOf(item, [...path, 0]) : []),
    ...(entry ? casesOf(entry, [...path, 'a']) : []),
  ];
}

/** The spec that has nothing but a value at a path. */
function specWith([step, ...rest]: readonly PropertyKey[], value: unknown): unknown {
  if (step === undefined) return value;
  const inner = specWith(rest, value);
  return typeof step === 'number' ? [inner] : { [step]: inner };
}

const cases = kinds.flatMap(({ resource: { kind }, spec }) =>
  casesOf(toStructuralSchema(spec, 'spec')).map(({ path, ...rest }) => ({
    kind,
    spec,
    path,
    place: path.join('.'),
    ...rest,
  })),
);

describe('a value that breaks a bound of its schema by one', () => {
  it.each(cases)('$kind $place: $sentence', ({ spec, path, place, value, sentence }) => {
    const checked = parseWithIssues(spec, 'spec', specWith(path.slice(1), value));
    const issues = checked.ok ? [] : checked.issues;
    const here = issues.filter((issue) => issue.path.join('.') === place).map((issue) => issue.sentence);
    expect(here.map((text) => text.slice(text.indexOf(': ') + 2))).toContain(`${sentence}.`);
    // The words of the library are its own affair.
    for (const text of issues.map((issue) => issue.sentence))
      expect(text).not.toMatch(/[Ee]xpected|Invalid|Too /);
  });

  it('counts characters as the API server does, not halves of them', () => {
    const secretRef = { name: 'token' };
    const withProject = (project: string) => ({
      provider: 'GitHub',
      project,
      auth: { token: { secretRef } },
    });
    expect(parseWithIssues(gitIntegrationSpecSchema, 'spec', withProject('😀'.repeat(100)))).toMatchObject({
      ok: true,
    });
    expect(parseWithIssues(gitIntegrationSpecSchema, 'spec', withProject('😀'.repeat(101)))).toMatchObject({
      ok: false,
    });
  });
});
