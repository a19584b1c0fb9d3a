import { gitIntegrations, IN_USE_FINALIZER, REGISTRATION_FINALIZER } from '../../api/group.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { settingDigest } from '../../domain/digests.ts';
import type { ConfirmedWrite, RegistrationPlan } from '../../domain/registration-plan.ts';
import {
  type DesiredSetting,
  type ObservedSetting,
  type Scope,
  type SettingIndex,
} from '../../domain/setting.ts';
import { addFinalizer } from '../../kube/finalizers.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { Session } from '../codemie-connection/session.ts';
import { refuseUnlessHolder } from './claim.ts';
import type { Deps } from './deps.ts';
import { type Halt, needsCodeMieUser, waiting } from './halt.ts';
import type { Pass, WritePass } from './pass.ts';
import { createMissingProject, requireProject } from './rights.ts';

/**
 * Creates the integration. A POST is never repeated here: unless it was confirmed, the listing that follows decides
 * whether the row is there.
 *
 * @returns the row; `settling` when CodeMie confirmed it, which tells no id; `taken` when the alias is in use
 * @throws Halt, CodeMieError
 */
export async function createSetting(pass: WritePass): Promise<ObservedSetting | 'settling' | 'taken'> {
  const { session, desired, owner, deps, signal } = pass;
  await prepare(pass);
  const create = () => session.client.create(desired, signal);
  const doubt = await write(pass, { adopted: false }, create).catch(onlyUncertain);
  if (!doubt) return 'settling';
  // It was refused, so that a row of ours there is of an earlier create and may hold something else.
  if (doubt.duplicateAlias) return 'taken';
  const rows = await session.rows(desired.scope, signal, deps.now());
  const written = rows.owned(owner).find(({ project }) => project === desired.project);
  if (written) return written;
  throw doubt;
}

/**
 * Replaces the integration as a whole, keeping its id. Writing the same twice does no harm, so that an
 * uncertain outcome is simply tried again.
 *
 * CodeMie refuses an update whose alias is also that of anybody's personal integration in the project. Where the alias
 * stays as it is, the update is sent again in the form for which CodeMie does not check that: no member may stop the
 * rotation of a credential. Where the alias is to change, the rest is written under the one that the row has.
 *
 * @returns `settling`: CodeMie's own time of the change, which status remembers, stands in the next listing only; or
 *   what the row was left as, because its new alias is taken
 * @throws Halt, CodeMieError
 */
export async function updateSetting(
  { row, adopted }: Extract<RegistrationPlan, { action: 'update' }>,
  pass: WritePass,
): Promise<'settling' | { keptAs: DesiredSetting; row: ObservedSetting }> {
  const { session, desired, remembered, deps, signal } = pass;
  const { id } = row;
  await prepare(pass);
  const sendUnchecked = (setting: DesiredSetting) =>
    session.client.update(id, setting, signal, { aliasCheck: false });
  let isTaken = false;
  await write(pass, { id, adopted }, async () => {
    try {
      await session.client.update(id, desired, signal);
    } catch (error) {
      if (!(error instanceof CodeMieError && error.duplicateAlias)) throw error;
      isTaken = row.alias !== desired.alias;
      if (isTaken) throw error;
      await sendUnchecked(desired);
    }
  }).catch((error: unknown) => {
    if (!isTaken) throw error;
  });
  if (!isTaken) return 'settling';

  const keptAs = { ...desired, alias: row.alias };
  const digest = settingDigest(keptAs, deps.digestKey);
  const isWritten =
    remembered?.id === id && remembered.digest === digest && remembered.remoteUpdatedAt === row.updatedAt;
  if (isWritten) return { keptAs, row };
  const kept = { ...pass, integration: { ...pass.integration, alias: row.alias }, digest };
  await write(kept, { id, adopted }, () => sendUnchecked(keptAs));
  const rows = await session.rows(desired.scope, signal, deps.now());
  return { keptAs, row: rows.byId(id) ?? row };
}

/**
 * The alias is taken: by a row of the project, or by one that the operator can't see. CodeMie says no more than that.
 *
 * @param rows of a listing that began after CodeMie had said so
 * @param kept what the row of this integration is called, where it has one
 */
export function aliasTaken(
  { alias, project, scope }: DesiredSetting,
  rows: SettingIndex,
  kept?: ObservedSetting,
): Halt {
  const seen = rows
    .inProject(project)
    .some((row) => row.id !== kept?.id && row.scope === scope && row.alias === alias);
  const by = seen
    ? 'another integration'
    : "something that is no Git integration of the project: a member's personal integration, or one of another type";
  const what = kept
    ? `The integration can't be renamed to "${alias}" in project "${project}", where the alias is taken by ${by}; it stays "${kept.alias}" and gets new credentials.`
    : `The alias "${alias}" of project "${project}" is taken by ${by}.`;
  return needsCodeMieUser(
    'AliasConflict',
    what,
    'Choose another alias, or have the other one renamed or removed in CodeMie.',
  );
}

/** Sends a write, notes how it ended, and has the key woken as soon as CodeMie shows what came of it. */
async function write(
  { integration, connection, session, desired, digest, deps }: WritePass,
  about: Omit<ConfirmedWrite, 'digest'>,
  send: () => Promise<void>,
): Promise<void> {
  const { key } = integration;
  // Since the first answer others may have begun to write under the name. From here on they meet this one.
  const claim = refuseUnlessHolder(integration, connection, deps);
  const withdraw = deps.memory.beginWrite(key, { connectionUID: connection.uid, claim });
  let confirmed: ConfirmedWrite | undefined;
  try {
    await send();
    confirmed = { ...about, digest };
  } catch (error) {
    if (error instanceof CodeMieError && (error.kind !== 'uncertain' || error.duplicateAlias)) withdraw();
    throw error;
  } finally {
    const endedAtMs = deps.now();
    const { fresh: requestedAt } = integration.requests;
    deps.memory.rowsChanged(key, {
      kind: 'written',
      connectionUID: connection.uid,
      atMs: endedAtMs,
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
  { deps, signal }: Pick<Pass<Pick<Deps, 'now'>>, 'deps' | 'signal'>,
): Promise<void> {
  for (const { id, scope } of rows) {
    const doubt = await session.client.remove(scope, id, signal).catch(onlyUncertain);
    // CodeMie answers 500 to the deletion of a row that is gone already.
    if (!doubt) continue;
    const left = await session.rows(scope, signal, deps.now());
    if (left.byId(id)) throw doubt;
  }
}

/** Before the first write: project, rights, and the finalizers, because from now on there is something to clean up. */
async function prepare(pass: WritePass): Promise<void> {
  const { integration, report, deps, signal } = pass;
  const made = await createMissingProject(pass);
  const maxAgeMs = integration.askAnew || made === 'created' ? 0 : undefined;
  if (made !== 'leftToWrite') await requireProject(pass, maxAgeMs);
  const { resource, object } = pass.connection;
  await addFinalizer(deps.kube, resource, object, IN_USE_FINALIZER, signal);
  const held = await addFinalizer(
    deps.kube,
    gitIntegrations,
    integration.object,
    REGISTRATION_FINALIZER,
    signal,
  );
  if (!held) throw waiting('Registered', 'CodeMieUnreachable', 'The object was deleted in the meantime.');
  deps.memory.finalizerAdded(held);
  const { resourceVersion } = held.metadata;
  deps.memory.replacedVersion(integration.key, report.resourceVersion, resourceVersion);
  report.resourceVersion = resourceVersion;
}

function onlyUncertain(error: unknown): CodeMieError {
  if (error instanceof CodeMieError && error.kind === 'uncertain') return error;
  throw error;
}

/** When a pass that waits for a listing comes back anyway, should that never come. */
export const listedWithinMs = durations.integrations.listedWithinMs;

/**
 * Has a key looked at again when there is a listing that began after now. The pass ends meanwhile and holds no worker,
 * and all who wait at the same time are woken by the same listing.
 */
export function awaitListing(
  key: ObjectKey,
  scope: Scope,
  session: Session,
  { wake }: Pick<Deps, 'wake'>,
): void {
  void session.listedLater(scope).then(() => wake(key));
}
