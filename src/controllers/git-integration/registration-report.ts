import { parseConnection } from '../../api/v1alpha1/connection-spec.ts';
import type { Registration } from '../../api/v1alpha1/git-integration-status.ts';
import { serverKey } from '../../domain/claim.ts';
import { registrationSignature, settingDigest } from '../../domain/digests.ts';
import {
  type DesiredSetting,
  differences,
  type ObservedSetting,
  ownerKey,
  ownerMark,
  type Scope,
  type SettingIndex,
} from '../../domain/git-setting.ts';
import {
  type ConfirmedWrite,
  originOf,
  originOfWrite,
  type RegistrationPlan,
} from '../../domain/registration-plan.ts';
import { usageLimit } from '../../domain/usage-limits.ts';
import { durations } from '../../lib/durations.ts';
import { connectionByUid, connectionName, isWorking } from './connection.ts';
import { codeMieHalt, Halt, needsCodeMieUser } from './halt.ts';
import type { Pass, Report, WritePass } from './pass.ts';
import { leaveFormerPlaces } from './removal.ts';
import { requireProject, seesAllProjects } from './rights.ts';
import { type ActionPlan, type WriteOutcome } from './settings-writer.ts';

/** How far a registration has come: `settling` - written and confirmed, but the row was not seen yet. */
export type Progress = 'registered' | 'settling';

const { firstTroubleMs } = durations.integrations;

/** A plan, and the rows that it was made by. */
export interface Decision<P = RegistrationPlan> {
  plan: P;
  rows: SettingIndex;
}

/**
 * Enters in the report what came of a plan, and reports what it corrected.
 *
 * @throws Halt where the new alias is taken, or the former connection does not work; CodeMieError
 */
export async function enterOutcome(
  { plan, rows }: Decision<ActionPlan>,
  outcome: Exclude<WriteOutcome, { kind: 'aliasTaken' }>,
  pass: WritePass & { url: string },
): Promise<Progress> {
  const { session, desired, url, report, deps, signal } = pass;
  if (outcome.kind === 'renameRefused') {
    const { written, row } = outcome;
    enterRegistration(plan, row, {
      ...pass,
      desired: written,
      digest: settingDigest(written, deps.digestKey),
    });
    throw aliasTaken(desired, await session.rows(desired.scope, signal, deps.now()), row);
  }
  await reportCorrection(plan, pass);
  if (outcome.kind === 'settling') return 'settling';
  const { row } = outcome;
  if (plan.action === 'leave' && plan.drift.length > 0) enterDrift(plan.drift, report);
  await leaveFormerPlaces(pass, row);
  enterRegistration(plan, row, pass);
  const limit = usageLimit(desired, url, rows, row.id);
  if (limit) report.abnormal.UsageLimited = { status: 'True', ...limit };
  return 'registered';
}

function enterRegistration(
  plan: RegistrationPlan,
  row: ObservedSetting,
  { report, desired, digest, connection, integration, deps }: WritePass,
): void {
  const before = report.registration;
  const origin = originOf(plan) ?? before?.origin ?? 'Created';
  const { scope, project, alias } = desired;
  // Another client's write between ours and this listing is detected by the next reconcile. A server that drops the mark
  // does not count: it would be written to forever.
  const foreign = differences(desired, row).some((field) => field !== ownerKey);
  const written = { digest, remoteUpdatedAt: foreign ? '' : row.updatedAt };
  const last =
    plan.action === 'leave' && before
      ? { digest: before.digest, remoteUpdatedAt: before.remoteUpdatedAt }
      : written;
  const present = { id: row.id, project, alias: plan.action === 'leave' ? row.alias : alias, scope };
  const through = { connectionUID: connection.uid, server: connection.spec.url };
  enterSigned({ ...present, ...through, origin, ...last }, { integration, report, deps });
}

/** Enters what CodeMie has. The signature shows that this operator wrote it. */
function enterSigned(
  registration: Omit<Registration, 'signature'>,
  { integration, report, deps }: Pick<Pass, 'integration' | 'report' | 'deps'>,
): void {
  const { origin, alias, project } = registration;
  const signature = registrationSignature(integration.uid, registration, deps.digestKey);
  report.registration = { ...registration, signature };
  report.findings.Registered = {
    status: 'True',
    reason: origin === 'Adopted' ? 'Adopted' : 'Registered',
    message: `CodeMie has the integration "${alias}" of project "${project}".`,
  };
}

/**
 * Enters what an earlier reconcile wrote and CodeMie confirmed, where this one does not come as far as its registration:
 * the credential is gone, or the object is suspended. Else the status would keep the alias from before a rename, and it
 * would be refused to others for as long as that lasts.
 *
 * The write stays remembered: the next registration compares the row with what was sent, which is not known here. While
 * CodeMie does not list the row, that is retried at intervals as long as the write is old.
 */
export async function enterConfirmedWrite(pass: Pass): Promise<void> {
  const { integration, report, deps, signal } = pass;
  const { key, spec, namespace, name, status } = integration;
  const { scope, project } = spec;
  const write = findConfirmedWrite(pass);
  if (!write) return;
  const { connection, url: server, confirmed, atMs } = write;
  const owner = ownerMark(deps.clusterName, namespace, name);
  const tryAgain = () => deps.wakeAfter(key, Math.max(firstTroubleMs, deps.now() - atMs));
  try {
    const session = await deps.sessions.open(connection, signal);
    const row = writtenRow(await session.rows(scope, signal, atMs), confirmed, { owner, scope, project });
    if (!row) return tryAgain();
    const { id, alias, updatedAt: remoteUpdatedAt } = row;
    const origin = originOfWrite(confirmed) ?? status.registration?.origin ?? 'Created';
    const through = { connectionUID: connection.metadata.uid, server };
    const { digest } = confirmed;
    const registration = { id, project, alias, scope, ...through, origin, digest, remoteUpdatedAt };
    enterSigned(registration, { integration, report, deps });
  } catch (error) {
    if (!(codeMieHalt(error, connectionName(spec.connectionRef)) instanceof Halt)) throw error;
    tryAgain();
  }
}

/**
 * The last write, if the status can have its place: neither what the status has nor anything else that this process
 * wrote for the object is at another place, where it is yet to be removed.
 */
function findConfirmedWrite({ integration, deps }: Pick<Pass, 'integration' | 'deps'>) {
  const { object, key, status } = integration;
  const { registration } = status;
  for (const uid of deps.memory.connectionsOf(object)) {
    const change = deps.memory.lastChange(key, uid);
    const connection = connectionByUid(uid, deps);
    const parsed = connection && isWorking(connection) ? parseConnection(connection) : undefined;
    if (change?.kind !== 'written' || !change.confirmed || !connection || !parsed?.ok) continue;
    const { confirmed, atMs } = change;
    const { url } = parsed.value;
    const here = serverKey(url);
    const isSameRow = registration?.connectionUID === uid || registration?.id === confirmed.id;
    if (registration && !(serverKey(registration.server) === here && isSameRow)) continue;
    const elsewhere = deps.memory.writesElsewhere(object, { connectionUID: uid, server: here });
    if (elsewhere.every(({ server }) => server === here)) return { connection, url, confirmed, atMs };
  }
  return undefined;
}

/** The row that a write left, if there is no doubt about it. */
function writtenRow(
  rows: SettingIndex,
  { id }: ConfirmedWrite,
  { owner, scope, project }: { owner: string; scope: Scope; project: string },
): ObservedSetting | undefined {
  const known = id === undefined ? undefined : rows.byId(id);
  const [row, ...more] = (id === undefined ? rows.owned(owner) : [known]).filter(
    (each) => each?.scope === scope && each.project === project,
  );
  const mark = row?.values[ownerKey];
  return more.length === 0 && (!mark || mark === owner) ? row : undefined;
}

/** What a plan that refuses says. @throws Halt, CodeMieError */
export async function refusal(
  { reason, sentence, hint }: Extract<RegistrationPlan, { action: 'refuse' }>,
  pass: WritePass,
): Promise<Halt> {
  if (reason !== 'Removed') return needsCodeMieUser(reason, sentence, hint);
  // Nor does CodeMie list what the login has no rights to.
  await requireProject(pass, 0);
  const { alias, project } = pass.desired;
  const what = seesAllProjects(await pass.session.account(pass.signal))
    ? sentence
    : `CodeMie no longer lists the integration "${alias}" of project "${project}": ${removedOrTransferred}.`;
  pass.report.abnormal.Drifted = { status: 'True', reason, message: `${what} ${hint}` };
  return needsCodeMieUser(reason, what, hint);
}

/** CodeMie lists nothing of projects that the login does not administer, so a transfer there looks like a removal. */
const removedOrTransferred =
  "it was removed, or transferred to a project that the connection's login does not administer";

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

/** Reports what others did in CodeMie and this undid. @throws CodeMieError */
async function reportCorrection(
  plan: RegistrationPlan,
  { integration, remembered, session, owner, deps, signal }: WritePass,
): Promise<void> {
  const corrected = (note: string) => {
    deps.metrics.driftCorrected();
    deps.events.record(integration.object, {
      type: 'Normal',
      reason: 'DriftCorrected',
      action: 'Register',
      note,
    });
  };
  if (plan.action === 'update' && plan.drift.length > 0)
    corrected(`${whatChanged(plan.drift)} It was written again.`);
  if (plan.action !== 'create' || !remembered) return;
  if (seesAllProjects(await session.account(signal)))
    return corrected('Someone removed the integration in CodeMie. The operator created it again.');
  const { id } = remembered;
  const why = removedOrTransferred;
  corrected(`CodeMie no longer lists integration ${id}: ${why}. The integration was created again.`);
  deps.log.warn(
    { key: integration.key, id, managedBy: owner, why },
    'A registered integration was created again',
  );
}

/** Reports what others changed in CodeMie, while it stays so. */
function enterDrift(drift: readonly string[], report: Report): void {
  const message = `${whatChanged(drift)} Undo it there, copy it into the spec, or set driftPolicy: Correct.`;
  report.abnormal.Drifted = { status: 'True', reason: 'Changed', message };
}

function whatChanged(drift: readonly string[]): string {
  return `Someone changed ${drift.join(', ')} of the integration in CodeMie.`;
}
