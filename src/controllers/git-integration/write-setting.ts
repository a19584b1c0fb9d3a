import { gitIntegrations, IN_USE_FINALIZER, REGISTRATION_FINALIZER } from '../../api/group.ts';
import { mayWriteProject } from '../../codemie/account.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import type { ConfirmedWrite, RegistrationPlan } from '../../domain/registration-plan.ts';
import type { DesiredSetting, ObservedSetting } from '../../domain/setting.ts';
import { addFinalizer } from '../../kube/finalizers.ts';
import type { Session } from '../codemie-connection/session.ts';
import { awaitListing } from './await-listing.ts';
import { refuseUnlessHolder } from './claim.ts';
import type { ResolvedConnection } from './connection.ts';
import type { Deps } from './deps.ts';
import { needsPerson, waiting } from './halt.ts';
import type { Integration } from './load.ts';
import type { Report } from './report.ts';

/** What a write to CodeMie works with. */
export interface Writer {
  integration: Integration;
  connection: ResolvedConnection;
  session: Session;
  desired: DesiredSetting;
  /** Of `desired`. */
  digest: string;
  owner: string;
  report: Report;
  deps: Deps;
  signal: AbortSignal;
}

/**
 * Creates the integration. A POST is never repeated here: unless it was confirmed, the listing that follows decides
 * whether the row is there.
 *
 * @returns the row; undefined when CodeMie confirmed it, which tells no id
 * @throws Halt, CodeMieError
 */
export async function createSetting(writer: Writer): Promise<ObservedSetting | undefined> {
  const { session, desired, owner, deps, signal } = writer;
  await prepare(writer);
  const create = () => session.client.create(desired.scope, payload(desired), signal);
  const doubt = await write(writer, { adopted: false }, create).catch(onlyUncertain);
  if (!doubt) return undefined;
  const rows = await session.rows(desired.scope, signal, deps.now());
  const written = rows.owned(owner).find(({ project }) => project === desired.project);
  if (written) return written;
  throw doubt.duplicateAlias ? takenOutOfSight(desired) : doubt;
}

/**
 * Replaces the integration as a whole, keeping its id. Writing the same twice does no harm, so that an
 * uncertain outcome is simply tried again.
 *
 * @returns undefined: CodeMie's own time of the change, which status remembers, stands in the next listing only
 * @throws Halt, CodeMieError
 */
export async function updateSetting(
  { row: { id }, adopted }: Extract<RegistrationPlan, { action: 'update' }>,
  writer: Writer,
): Promise<undefined> {
  const { session, desired, signal } = writer;
  await prepare(writer);
  try {
    const update = () => session.client.update(desired.scope, id, payload(desired), signal);
    await write(writer, { id, adopted }, update);
  } catch (error) {
    if (error instanceof CodeMieError && error.duplicateAlias) throw takenOutOfSight(desired);
    throw error;
  }
}

/** Sends a write, notes how it ended, and has the key woken as soon as CodeMie shows what came of it. */
async function write(
  { integration, connection, session, desired, digest, deps }: Writer,
  about: Omit<ConfirmedWrite, 'digest'>,
  send: () => Promise<void>,
): Promise<void> {
  const { key } = integration;
  // Since the first answer others may have begun to write under the name. From here on they meet this one.
  const claim = refuseUnlessHolder(integration, connection, deps);
  const withdraw = deps.unrecorded.begin(key, { connectionUID: connection.uid, claim });
  let confirmed: ConfirmedWrite | undefined;
  try {
    await send();
    confirmed = { ...about, digest };
  } catch (error) {
    if (error instanceof CodeMieError && error.kind !== 'uncertain') withdraw();
    throw error;
  } finally {
    const endedAtMs = deps.now();
    const { fresh: requestedAt } = integration.requests;
    deps.ownSettings.note(key, {
      connectionUID: connection.uid,
      endedAtMs,
      ...(confirmed && { confirmed }),
      ...(requestedAt !== undefined && { requestedAt }),
    });
  }
  awaitListing(key, desired.scope, session, deps);
}

/** Deletes rows and makes sure that they are gone. @throws CodeMieError */
export async function removeSettings(
  rows: readonly ObservedSetting[],
  session: Session,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (const { id, scope } of rows) {
    const doubt = await session.client.remove(scope, id, signal).catch(onlyUncertain);
    // CodeMie answers 500 to the deletion of a row that is gone already.
    if (!doubt) continue;
    const left = await session.rows(scope, signal, now());
    if (left.byId(id)) throw doubt;
  }
}

/** Before the first write: rights, project, and the finalizers, because from now on there is something to clean up. */
async function prepare(writer: Writer): Promise<void> {
  const { integration, report, deps, signal } = writer;
  const maxAgeMs = integration.askAnew ? 0 : undefined;
  await makeMissingProject(writer);
  await requireRights(writer, maxAgeMs);
  await requireProject(writer, maxAgeMs);
  const { resource, object } = writer.connection;
  await addFinalizer(deps.kube, resource, object, IN_USE_FINALIZER, signal);
  const held = await addFinalizer(
    deps.kube,
    gitIntegrations,
    integration.object,
    REGISTRATION_FINALIZER,
    signal,
  );
  if (!held) throw waiting('Registered', 'CodeMieUnreachable', 'The object was deleted meanwhile.');
  deps.unrecorded.note(held);
  const { resourceVersion } = held.metadata;
  deps.ownWrites.note(integration.key, report.resourceVersion, resourceVersion);
  report.resourceVersion = resourceVersion;
}

/**
 * The login may write the integrations of the project.
 *
 * @param maxAgeMs how old the answer of CodeMie may be; undefined for the usual
 * @throws Halt `AccessDenied`
 */
export async function requireRights(
  { session, desired, signal }: Writer,
  maxAgeMs: number | undefined,
): Promise<void> {
  const account = await session.account(signal, maxAgeMs);
  const { project } = desired;
  if (mayWriteProject(account, project)) return;
  if (desired.scope === 'User' && account.projects.has(project)) return;
  const role = desired.scope === 'User' ? 'a member' : 'an administrator';
  throw needsPerson(
    'Registered',
    'AccessDenied',
    `The connection's login ${account.name} is not ${role} of project "${project}".`,
    'Make it one in CodeMie.',
  );
}

/** Where the connection says so. Who makes a project is its administrator from then on, so that rights are asked after. */
async function makeMissingProject({ session, connection, desired, signal }: Writer): Promise<void> {
  const { project } = desired;
  if (!connection.spec.projects.createMissing || (await session.hasProject(project, signal))) return;
  await session.createProject(project, signal);
  await session.account(signal, 0);
}

/** An administrator's create would make a project that does not exist: a typo would become one. */
async function requireProject(
  { session, desired, signal }: Writer,
  maxAgeMs: number | undefined,
): Promise<void> {
  const { project } = desired;
  if (await session.hasProject(project, signal, maxAgeMs)) return;
  throw needsPerson(
    'Registered',
    'ProjectNotFound',
    `CodeMie has no project "${project}".`,
    'Create it there, or correct the name; upper and lower case count.',
  );
}

function payload({ project, alias, isGlobal, values }: DesiredSetting) {
  return { projectName: project, alias, isGlobal, values };
}

function takenOutOfSight({ alias, project }: DesiredSetting) {
  return needsPerson(
    'Registered',
    'AliasConflict',
    `The alias "${alias}" of project "${project}" is taken by something that the connection's login cannot see.`,
    'Choose another alias; personal integrations and those of other types count too.',
  );
}

function onlyUncertain(error: unknown): CodeMieError {
  if (error instanceof CodeMieError && error.kind === 'uncertain') return error;
  throw error;
}
