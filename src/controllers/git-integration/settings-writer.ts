import { gitIntegrations, IN_USE_FINALIZER, REGISTRATION_FINALIZER } from '../../api/group.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { serverKey } from '../../domain/claim.ts';
import { settingDigest } from '../../domain/digests.ts';
import type { DesiredSetting, ObservedSetting, Scope } from '../../domain/git-setting.ts';
import { type ConfirmedWrite, isAdoption, type RegistrationPlan } from '../../domain/registration-plan.ts';
import { addFinalizer } from '../../kube/finalizers.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { Session } from '../codemie-connection/session.ts';
import { refuseIfOwnerExists, refuseUnlessHolder } from './claim.ts';
import { waiting } from './halt.ts';
import type { Deps, Pass, WritePass } from './pass.ts';
import { createMissingProject, requireProject } from './rights.ts';

/** What came of a plan. */
export type WriteOutcome =
  /** CodeMie has this row, and the listing in use shows it. */
  | { kind: 'row'; row: ObservedSetting }
  /** CodeMie confirmed the write; its answer has no row, which the next listing shows. */
  | { kind: 'settling' }
  /** CodeMie created nothing, because the alias is in use. */
  | { kind: 'aliasTaken' }
  /** The new alias is in use. The row has everything else, as `written`. */
  | { kind: 'renameRefused'; written: DesiredSetting; row: ObservedSetting };

/** A plan by which CodeMie is, or already was, brought to what is wanted. */
export type ActionPlan = Exclude<RegistrationPlan, { action: 'refuse' | 'wait' }>;

/** Does in CodeMie what a plan says. @throws Halt, CodeMieError */
export async function carryOut(plan: ActionPlan, pass: WritePass): Promise<WriteOutcome> {
  if (plan.action === 'create') return create(pass);
  if (isAdoption(plan)) await refuseIfOwnerExists(plan.row, pass.desired, pass.deps, pass.signal);
  // Of several rows that share an alias CodeMie updates only one, and does not say which: the others go first.
  await removeSettings(plan.duplicates, pass.session, pass);
  return plan.action === 'update' ? update(plan, pass) : { kind: 'row', row: plan.row };
}

/**
 * Creates the integration. A POST is never repeated here: unless it was confirmed, the listing that follows decides
 * whether the row is there.
 *
 * @throws Halt, CodeMieError
 */
async function create(pass: WritePass): Promise<WriteOutcome> {
  const { session, desired, owner, deps, signal } = pass;
  await prepare(pass);
  const send = () => session.client.create(desired, signal);
  const doubt = await write(pass, { adopted: false }, send).catch(onlyUncertain);
  if (!doubt) return { kind: 'settling' };
  // It was refused, so that a row of ours there is of an earlier create and may hold something else.
  if (doubt.duplicateAlias) return { kind: 'aliasTaken' };
  const rows = await session.rows(desired.scope, signal, deps.now());
  const written = rows.owned(owner).find(({ project }) => project === desired.project);
  if (written) return { kind: 'row', row: written };
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
 * It ends as `settling`, as CodeMie's own time of the change, which the status remembers, is in the next listing only.
 *
 * @throws Halt, CodeMieError
 */
async function update(
  { row, adopted }: Extract<RegistrationPlan, { action: 'update' }>,
  pass: WritePass,
): Promise<WriteOutcome> {
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
  if (!isTaken) return { kind: 'settling' };

  const written = { ...desired, alias: row.alias };
  const digest = settingDigest(written, deps.digestKey);
  const isWritten =
    remembered?.id === id && remembered.digest === digest && remembered.remoteUpdatedAt === row.updatedAt;
  if (isWritten) return { kind: 'renameRefused', written, row };
  const kept = { ...pass, integration: { ...pass.integration, alias: row.alias }, digest };
  await write(kept, { id, adopted }, () => sendUnchecked(written));
  const rows = await session.rows(desired.scope, signal, deps.now());
  return { kind: 'renameRefused', written, row: rows.byId(id) ?? row };
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
  const server = serverKey(connection.spec.url);
  const withdraw = deps.memory.beginWrite(key, { connectionUID: connection.uid, server, claim });
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
  const maxAgeMs = integration.forceCheck || made === 'created' ? 0 : undefined;
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

/** When a reconcile that waits for a listing comes back anyway, should that never come. */
export const listedWithinMs = durations.integrations.listedWithinMs;

/**
 * Has a key checked again when there is a listing that began after now. The reconcile ends and holds no worker,
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
