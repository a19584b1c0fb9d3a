import { z } from 'zod';
import { ownMember } from '../lib/names.ts';

/** A parsed value, or one sentence that says what is wrong with it. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; error: string };

/**
 * Parses a part of a Kubernetes object. The error names the field and never repeats its value:
 * `spec.project: is required.`
 */
export function parsePart<S extends z.ZodType>(schema: S, part: string, value: unknown): Parsed<z.output<S>> {
  const checked = parseWithIssues(schema, part, value);
  if (checked.ok) return checked;
  return { ok: false, error: checked.issues[0]?.sentence ?? `${part}: is not valid.` };
}

/** What is wrong with one field. */
export interface FieldIssue {
  /** From the part on: `['spec', 'project']`. */
  path: readonly PropertyKey[];
  /** `spec.project: is required.`; never with the value. */
  sentence: string;
}

/** As {@link parsePart}, with everything that is wrong instead of the first. */
export function parseWithIssues<S extends z.ZodType>(
  schema: S,
  part: string,
  value: unknown,
): { ok: true; value: z.output<S> } | { ok: false; issues: FieldIssue[] } {
  const result = schema.safeParse(value, { error: wording });
  if (result.success) return { ok: true, value: result.data };
  const issues = result.error.issues.map((issue) => {
    const path = [part, ...issue.path];
    return { path, sentence: `${z.core.toDotPath(path)}: ${issue.message.replace(/\.$/, '')}.` };
  });
  return { ok: false, issues };
}

/** The names of OpenAPI for what zod calls otherwise; all numbers of the API are integers. */
const typeNames: Readonly<Record<string, string>> = {
  int: 'integer',
  number: 'integer',
  record: 'object',
};

/** What is wrong, in a form that follows the path of the field. The bounds are inclusive in all schemas. */
function wording(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is required';
  const { code } = issue;
  if (code === 'invalid_type')
    return `must be of type ${ownMember(typeNames, issue.expected) ?? issue.expected}`;
  if (code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (code === 'invalid_format' && issue.format === 'datetime')
    return 'must be a time, such as 2027-01-31T00:00:00Z';
  if (code === 'too_big') return `must ${bounded('at most', issue.origin, Number(issue.maximum))}`;
  if (code !== 'too_small') return undefined;
  return issue.minimum === 1 && unitOf(issue.origin) !== undefined
    ? 'must not be empty'
    : `must ${bounded('at least', issue.origin, Number(issue.minimum))}`;
}

function bounded(how: string, origin: string, bound: number): string {
  const unit = unitOf(origin);
  if (unit !== undefined) return `have ${how} ${bound} ${unit}`;
  // zod bounds every integer by what a double holds exactly, which is no rule of ours.
  return Math.abs(bound) === Number.MAX_SAFE_INTEGER ? 'be of type integer' : `be ${how} ${bound}`;
}

function unitOf(origin: string): string | undefined {
  if (origin === 'string') return 'characters';
  return origin === 'array' ? 'items' : undefined;
}

/**
 * Parses an object that this operator, or an older or newer one, wrote earlier. Fields of the top level that
 * don't parse are left out, so that one bad field can't hide the others; undefined if nothing is left.
 */
export function parseLeniently<S extends z.ZodType>(schema: S, value: unknown): z.output<S> | undefined {
  const first = schema.safeParse(value);
  if (first.success) return first.data;
  const bad = new Set(first.error.issues.map((issue) => issue.path[0]));
  const fields = z.record(z.string(), z.unknown()).safeParse(value).data ?? {};
  const kept = Object.entries(fields).filter(([name]) => !bad.has(name));
  return schema.safeParse(Object.fromEntries(kept)).data;
}

/** How many parsed values are remembered, of the same kind. */
const rememberedValues = 64;

/**
 * Creates a parser that caches the results for the last few objects, by their identity: several parts of a program read
 * the same object at about the same time. Neither the object nor the result may ever be changed.
 */
export function remembering<T>(parse: (value: unknown) => T): (value: unknown) => T {
  const remembered = new Map<unknown, T>();
  return (value) => {
    const last = remembered.get(value);
    if (last !== undefined) return last;
    const parsed = parse(value);
    // Only an object has an identity.
    if (typeof value !== 'object' || value === null) return parsed;
    remembered.set(value, parsed);
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedValues) remembered.delete(oldest);
    return parsed;
  };
}
