import { ownMember } from '../../lib/names.ts';
import { closure, type Implications } from '../scopes.ts';

/** What CodeMie's documentation asks of a Bitbucket token. Half of these names are labels or don't exist; see {@link missingScopes}. */
export const documentedScopes = [
  'repository:read',
  'repository:write',
  'repo:status',
  'project:read',
  'project:write',
  'api:read',
];

/**
 * Scopes of access tokens and OAuth consumers, where the greater includes the lesser (but `project:admin` does not
 * include `project`). API tokens have names that end in `:bitbucket` and include nothing.
 * https://developer.atlassian.com/cloud/bitbucket/bitbucket-cloud-rest-api-scopes/
 */
const implications: Implications = {
  'repository:write': ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository:write'],
  project: ['repository'],
  'issue:write': ['issue'],
  'wiki:write': ['wiki'],
  'snippet:write': ['snippet'],
  'account:write': ['account', 'email'],
  account: ['email'],
  'pipeline:variable': ['pipeline:write'],
  'pipeline:write': ['pipeline'],
};

/**
 * The real scopes behind a documented name: of access tokens, and of API tokens. `repo:status` is GitHub's name (a
 * commit status needs no separate scope here), `project:write` was removed in 2023, `api:read` never was: who the
 * token belongs to is the nearest thing, and of no use to CodeMie.
 * https://developer.atlassian.com/cloud/bitbucket/deprecation-notice-project-write-scope/
 */
const meanings: Record<string, { classic: string[]; api: string[] }> = {
  'repository:read': { classic: ['repository'], api: ['read:repository:bitbucket'] },
  'repository:write': {
    classic: ['repository:write'],
    api: ['read:repository:bitbucket', 'write:repository:bitbucket'],
  },
  'repo:status': { classic: ['repository'], api: ['read:repository:bitbucket'] },
  'project:read': { classic: ['project'], api: ['read:project:bitbucket'] },
  'project:write': { classic: ['project'], api: ['read:project:bitbucket'] },
  'api:read': { classic: [], api: [] },
};

/**
 * The real scopes that are required and not granted, in the token's own vocabulary, without doubles. A required
 * scope that isn't a documented name is taken as a real one.
 */
export function missingScopes(required: readonly string[], granted: readonly string[]): string[] {
  const vocabulary = granted.some((scope) => scope.endsWith(':bitbucket')) ? 'api' : 'classic';
  const held = vocabulary === 'api' ? new Set(granted) : closure(granted, implications);
  const wanted = required.flatMap((scope) => ownMember(meanings, scope)?.[vocabulary] ?? [scope]);
  return [...new Set(wanted)].filter((scope) => !held.has(scope));
}
