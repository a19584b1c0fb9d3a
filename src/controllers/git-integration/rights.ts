import { type Account, mayWriteProject } from '../../codemie/account.ts';
import type { ProjectLookup } from '../../codemie/client.ts';
import type { DesiredSetting } from '../../domain/git-setting.ts';
import { durations } from '../../lib/durations.ts';
import { type Halt, needsCodeMieUser } from './halt.ts';
import type { WritePass } from './pass.ts';

/** `spec.project` is part of the object's identity, which the schema keeps from changes. */
const immutable = "spec.project can't be edited, so delete the object and create it again to change it";

/**
 * Step 6, before a write: CodeMie has a project of exactly this name, and the connection's login may write its
 * integrations. An administrator's create would create a project that does not exist: a typo would become one.
 *
 * To a login that is not an administrator of CodeMie, a project that does not exist looks like one of which it is not a member.
 *
 * @param maxAgeMs how old the answer of CodeMie may be; undefined for the usual
 * @throws Halt `ProjectNotFound`, `AccessDenied`; CodeMieError
 */
export async function requireProject(pass: WritePass, maxAgeMs: number | undefined): Promise<void> {
  const refused = await refusalOf(pass, maxAgeMs);
  if (!refused) return;
  // Before that is reported, the operator asks CodeMie again: an administrator may have acted since.
  const stillRefused = await refusalOf(pass, refusalAgeMs);
  if (stillRefused) throw stillRefused;
}

/** Many may be refused at the same time, and share the answer. */
const refusalAgeMs = durations.integrations.refusalAgeMs;

async function refusalOf({ session, desired, signal }: WritePass, maxAgeMs: number | undefined) {
  const found = await session.findProject(desired.project, signal, maxAgeMs);
  // As fresh as that, by now.
  const account = await session.account(signal);
  return found === 'found' && mayWrite(account, desired) ? undefined : refusal(found, account, desired);
}

/**
 * Creates the project where the connection says so.
 *
 * @returns `leftToWrite`: CodeMie creates it with the first integration that this login, an administrator, writes to it
 * @throws Halt, CodeMieError
 */
export async function createMissingProject(pass: WritePass): Promise<'nothing' | 'created' | 'leftToWrite'> {
  const { session, connection, desired, signal } = pass;
  const { project } = desired;
  if (!connection.spec.projects.createMissing) return 'nothing';
  if ((await session.findProject(project, signal)) === 'found') return 'nothing';
  const outcome = await session.createProject(project, descriptionOf(pass), signal);
  if (outcome === 'created') return 'created';
  const account = await session.account(signal);
  if (outcome === 'exists')
    throw needsCodeMieUser(
      'AccessDenied',
      `CodeMie already has a project of this name, perhaps in another case, and the connection's login ${account.name} does not see "${project}".`,
      `Make the login an administrator of it, or correct the case: ${immutable}.`,
    );
  if (seesAllProjects(account)) return 'leftToWrite';
  throw needsCodeMieUser(
    'AccessDenied',
    `CodeMie creates no projects by its API while its user management is off, and the connection's login ${account.name} has no project "${project}".`,
    "Add it to the attributes applications and applications_admin of the login's user at the identity provider.",
  );
}

/** CodeMie wants a description that is not blank, of 500 characters at most. */
function descriptionOf({ connection: { object, resource }, deps }: WritePass): string {
  const { namespace, name } = object.metadata;
  const connection = `${resource.kind} "${namespace === undefined ? '' : `${namespace}/`}${name}"`;
  return `Created by codemie-git-operator in cluster "${deps.clusterName}" through ${connection}.`.slice(
    0,
    500,
  );
}

/** Whether CodeMie lists to a login the integrations of every project. */
export function seesAllProjects({ isAdmin, isMaintainer }: Account): boolean {
  return isAdmin || isMaintainer;
}

function mayWrite(account: Account, { scope, project }: DesiredSetting): boolean {
  return mayWriteProject(account, project) || (scope === 'User' && account.projects.has(project));
}

function refusal(found: ProjectLookup, account: Account, { scope, project }: DesiredSetting): Halt {
  const role = scope === 'User' ? 'a member' : 'an administrator';
  const { name } = account;
  if (found === 'found')
    return needsCodeMieUser(
      'AccessDenied',
      `The connection's login ${name} is not ${role} of project "${project}".`,
      scope === 'User'
        ? 'Make it one in CodeMie.'
        : 'Make it one: in CodeMie, or by the attribute applications_admin of its user where rights come from Keycloak.',
    );
  if (account.isAdmin)
    return needsCodeMieUser(
      'ProjectNotFound',
      `CodeMie has no project "${project}".`,
      `Check the spelling, upper and lower case count, or create the project in CodeMie; ${immutable}.`,
    );
  return needsCodeMieUser(
    'AccessDenied',
    `The connection's login ${name} cannot write to project "${project}": either CodeMie has no project of exactly this name, or the login is not ${role} of it.`,
    `Check the spelling first, upper and lower case count; ${immutable}.`,
  );
}
