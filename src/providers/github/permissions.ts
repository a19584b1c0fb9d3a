import { ownMember } from '../../lib/names.ts';
import type { Remedy } from '../provider.ts';

/** What CodeMie's documentation asks of a GitHub App. */
export const documentedPermissions = ['contents:write', 'pull_requests:write', 'metadata:read'];

const ranks = ['none', 'read', 'write', 'admin'];

/**
 * The required App permissions (`contents:write`) that a set of granted ones (`{ contents: 'read' }`) doesn't cover.
 * `none < read < write < admin`; an absent name is `none`.
 */
export function missingPermissions(required: readonly string[], granted: Record<string, string>): string[] {
  return required.filter((permission) => {
    const [name, level] = split(permission);
    return ranks.indexOf(ownMember(granted, name) ?? 'none') < Math.max(ranks.indexOf(level), 1);
  });
}

/** Without a level, to read is meant. */
function split(permission: string): [name: string, level: string] {
  const at = permission.lastIndexOf(':');
  return at === -1 ? [permission, 'read'] : [permission.slice(0, at), permission.slice(at + 1)];
}

const levels = new Map([
  ['read', 'Read-only'],
  ['write', 'Read and write'],
  ['admin', 'Admin'],
]);

/** Where the page has other words than the name. */
const titles = new Map([
  ['statuses', 'Commit statuses'],
  ['vulnerability_alerts', 'Dependabot alerts'],
  ['security_events', 'Code scanning alerts'],
  ['repository_hooks', 'Webhooks'],
  ['repository_projects', 'Projects'],
]);

/**
 * A permission as the settings page of an App names it: `Contents: Read and write`; one of an unknown level as it is.
 * https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
export function permissionLabel(permission: string): string {
  const [name, level] = split(permission);
  const shown = levels.get(level);
  if (shown === undefined) return permission;
  const words = name.replaceAll('_', ' ');
  return `${titles.get(name) ?? words.charAt(0).toUpperCase() + words.slice(1)}: ${shown}`;
}

const changePage =
  'https://docs.github.com/en/apps/maintaining-github-apps/modifying-a-github-app-registration#changing-the-permissions-of-a-github-app';
const approvePage =
  'https://docs.github.com/en/apps/using-github-apps/approving-updated-permissions-for-a-github-app';

/** For permissions that the App does not request. */
export function askForPermissions(count: number): Remedy {
  return {
    action: `Add ${count > 1 ? 'them' : 'it'} in the settings of the App, then have each account approve that`,
    page: changePage,
  };
}

/** For permissions that the App requests and an account has not approved. */
export function approvePermissions(account: string): Remedy {
  return { action: `An owner of ${account} approves the request of the App`, page: approvePage };
}
