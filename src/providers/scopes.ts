import { ownMember } from '../lib/names.ts';

/** What each scope brings along: `{ repo: ['public_repo'] }` reads "repo includes public_repo". */
export type Implications = Record<string, readonly string[]>;

/** The granted scopes and everything they bring along, however many steps away. */
export function closure(granted: Iterable<string>, implications: Implications): Set<string> {
  const held = new Set<string>();
  const open = [...granted];
  for (let scope = open.pop(); scope !== undefined; scope = open.pop()) {
    if (held.has(scope)) continue;
    held.add(scope);
    open.push(...impliedBy(scope, implications));
  }
  return held;
}

/**
 * The required scopes that the granted ones neither are nor bring along, in the order required, without those that another
 * missing one would bring along: what a user has to add, and no more.
 */
export function missingScopes(
  required: readonly string[],
  granted: Iterable<string>,
  implications: Implications,
): string[] {
  const held = closure(granted, implications);
  const missing = required.filter((scope) => !held.has(scope));
  const broughtAlong = closure(
    missing.flatMap((scope) => impliedBy(scope, implications)),
    implications,
  );
  return missing.filter((scope) => !broughtAlong.has(scope));
}

/** A scope comes from outside and may be called `constructor`. */
function impliedBy(scope: string, implications: Implications): readonly string[] {
  return ownMember(implications, scope) ?? [];
}

/** The scopes of a header such as `repo, project`: split at commas and blanks, sorted, no doubles. */
export function parseScopes(header: string): string[] {
  return [...new Set(header.split(/[\s,]+/).filter((scope) => scope !== ''))].toSorted();
}
