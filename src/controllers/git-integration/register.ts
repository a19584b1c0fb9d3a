import { serverKey } from '../../domain/claim.ts';
import { urlForCodeMie } from '../../domain/codemie-url.ts';
import { registrationSignature, settingDigest } from '../../domain/digests.ts';
import { planRegistration, type RegistrationPlan } from '../../domain/registration-plan.ts';
import {
  type DesiredSetting,
  differences,
  type ObservedSetting,
  ownerKey,
  ownerMark,
  settingValues,
  tokenName,
} from '../../domain/setting.ts';
import { usageLimit } from '../../domain/usage-limits.ts';
import { belongsToAnother, refuseIfOwnerExists, refuseUnlessHolder } from './claim.ts';
import { allows, connectionName, leadsTo } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { codeMieHalt, needsCodeMieUser, waiting } from './halt.ts';
import type { Integration, Pass, Report, ResolvedConnection, WritePass } from './pass.ts';
import { leaveFormerPlace } from './removal.ts';
import { requireProject } from './rights.ts';
import { aliasTaken, createSetting, removeSettings, updateSetting } from './settings-writer.ts';

/** How far a registration has come: `settling` - written and confirmed, but the row was not seen yet. */
export type Progress = 'registered' | 'settling';

/**
 * Step 6: compares what CodeMie has with what is wanted, then creates, updates, adopts or leaves.
 *
 * CodeMie's create answers no id and its check for a free alias is not atomic. So the owner mark inside of the
 * row is the record of what is ours: it survives a crash between the write and the status.
 *
 * A pass that wrote ends as `settling`. The key is woken when a listing shows what came of it, one for all who wrote
 * at about the same time: a listing for each would cost CodeMie as many pages as there are integrations, squared.
 *
 * @throws Halt on `Registered`
 */
export async function register(
  given: Pass,
  connection: ResolvedConnection,
  credential: RegisteredCredential,
): Promise<Progress> {
  const { integration, report, deps, signal } = given;
  refuseUnlessHolder(integration, connection, deps);
  const owner = ownerMark(deps.clusterName, integration.namespace, integration.name);
  const url = urlForCodeMie(integration.spec, deps.providers);
  const desired = desiredSetting(integration, credential, { url, owner });
  const digest = settingDigest(desired, deps.digestKey);
  try {
    const session = await deps.sessions.open(connection.object, signal);
    const { adoptionPolicy, driftPolicy } = integration.spec;
    const remembered = lastWrite(integration, connection);
    const server = serverKey(connection.spec.url);
    const last = deps.memory.lastChange(integration.key, connection.uid);
    const written = last?.kind === 'written' ? last.confirmed : undefined;
    const startedMs = deps.now();
    const mayName = (project: string) => allows(connection.object, integration.namespace, project, deps);
    const look = async (startedAfterMs: number | undefined) => {
      const rows = await session.rows(desired.scope, signal, startedAfterMs);
      const known = { desired, digest, owner, rows, remembered, written, adoptionPolicy, driftPolicy };
      const isAnothers = (row: ObservedSetting) => belongsToAnother(row, integration, server, deps);
      return { rows, plan: planRegistration({ ...known, belongsToAnother: isAnothers, mayName }) };
    };
    let { rows, plan } = await look(demandOf(integration, last?.atMs, startedMs));
    // What stands in the way may be gone since the shared listing, and nobody would look again soon. And what it lacks
    // may have been made since, by the process that had this object until now.
    // And through another connection to the same CodeMie an older listing lacks the row that is there.
    const lacksNews =
      plan.action === 'create' &&
      (remembered ? isYoung(integration, startedMs) : integration.status.registration !== undefined);
    // And a row that is to be adopted may have got an owner.
    // A listing of this very pass, which may have begun within the same millisecond, is new enough.
    if (plan.action === 'refuse' || lacksNews || isAdoption(plan))
      ({ rows, plan } = await look(startedMs - 1));

    const pass = { ...given, connection, session, desired, digest, remembered, owner };
    if (plan.action === 'create' && written && written.id === undefined) notListed(pass);
    let outcome = await act(plan, pass);
    if (outcome === 'taken') {
      // What has the alias may have been made after the listing in use.
      ({ rows, plan } = await look(deps.now()));
      outcome = plan.action === 'create' ? 'taken' : await act(plan, pass);
    }
    if (outcome === 'taken') throw aliasTaken(desired, rows);
    if (typeof outcome === 'object' && 'keptAs' in outcome) return await enterKept(plan, outcome, pass);
    await tellCorrection(plan, pass);
    if (outcome === 'settling') return 'settling';
    const row = outcome;
    enterDrift(report, plan);
    await leaveFormerPlace(pass, connection, row);
    enterRegistration(plan, row, pass);
    const limit = usageLimit(desired, url, rows, row.id);
    if (limit) report.abnormal.UsageLimited = { status: 'True', ...limit };
    return 'registered';
  } catch (error) {
    throw codeMieHalt(error, connectionName(integration.spec.connectionRef));
  }
}

/** What CodeMie gets to know of a credential. */
export interface RegisteredCredential {
  credentials: Credentials;
  /** Only of an App, which always has one. */
  installationId: number | undefined;
}

/** The row that CodeMie should hold for an integration. */
export function desiredSetting(
  { spec, alias }: Pick<Integration, 'spec' | 'alias'>,
  { credentials: { auth }, installationId }: RegisteredCredential,
  { url, owner }: { url: string; owner: string },
): DesiredSetting {
  const place = { scope: spec.scope, project: spec.project, alias, isGlobal: spec.global };
  if (auth.kind === 'token') {
    const name = tokenName(spec.provider, auth.username);
    const headerAuth = spec.auth.token?.headerAuth ?? false;
    return { ...place, values: settingValues(url, { ...auth, name, headerAuth }, owner) };
  }
  if (installationId === undefined)
    throw new TypeError('An App came to its registration without installation.');
  return { ...place, values: settingValues(url, { ...auth, installationId }, owner) };
}

/** From when on a listing counts: after the last write, and after the request for a reconcile, if there is one. */
function demandOf(
  { askAnew, askedAtMs }: Integration,
  writtenAtMs: number | undefined,
  nowMs: number,
): number | undefined {
  return askAnew ? Math.max(askedAtMs ?? nowMs, writtenAtMs ?? 0) : writtenAtMs;
}

/** What the last write to this very place left; another CodeMie knows nothing of it. */
function lastWrite({ status: { registration } }: Integration, { object, uid }: ResolvedConnection) {
  if (!registration || !leadsTo(object, registration)) return undefined;
  const { id, digest = '', remoteUpdatedAt = '' } = registration;
  return { id, digest, remoteUpdatedAt, connectionUID: uid };
}

/** Whether the registration may be younger than a listing in use: those serve for a minute, the rest is for clocks. */
function isYoung({ conditions }: Integration, now: number): boolean {
  const registered = conditions.find(({ type }) => type === 'Registered');
  return registered !== undefined && now - Date.parse(registered.lastTransitionTime) < 5 * 60_000;
}

function isAdoption(
  plan: RegistrationPlan,
): plan is Extract<RegistrationPlan, { action: 'update' }> & { adopted: true } {
  return plan.action === 'update' && plan.adopted;
}

type Refusal = Extract<RegistrationPlan, { action: 'refuse' }>;

/** @throws Halt in any case */
async function refuse({ reason, sentence, hint }: Refusal, pass: WritePass): Promise<never> {
  if (reason !== 'Removed') throw needsCodeMieUser(reason, sentence, hint);
  // Nor does CodeMie list what the login has no rights to.
  await requireProject(pass, 0);
  const { alias, project } = pass.desired;
  const what = (await seesAllProjects(pass))
    ? sentence
    : `CodeMie no longer lists the integration "${alias}" of project "${project}": ${removedOrTransferred}.`;
  pass.report.abnormal.Drifted = { status: 'True', reason, message: `${what} ${hint}` };
  throw needsCodeMieUser(reason, what, hint);
}

/** CodeMie lists nothing of projects that the login does not administer, so a transfer there looks like a removal. */
const removedOrTransferred =
  "it was removed, or transferred to a project that the connection's login does not administer";

async function seesAllProjects({ session, signal }: Pick<WritePass, 'session' | 'signal'>): Promise<boolean> {
  const { isAdmin, isMaintainer } = await session.account(signal);
  return isAdmin || isMaintainer;
}

type Outcome = Awaited<ReturnType<typeof createSetting> | ReturnType<typeof updateSetting>>;

/** @throws Halt, CodeMieError */
async function act(plan: RegistrationPlan, pass: WritePass): Promise<Outcome> {
  if (plan.action === 'refuse') return refuse(plan, pass);
  if (plan.action === 'create') return createSetting(pass);
  if (isAdoption(plan)) await refuseIfOwnerExists(plan.row, pass.desired, pass.deps, pass.signal);
  // Of several rows that share an alias CodeMie updates only one, and does not say which: they go first.
  await removeSettings(plan.duplicates, pass.session, pass);
  return plan.action === 'update' ? updateSetting(plan, pass) : plan.row;
}

/** The row has everything but its new alias, which is taken. @throws Halt in any case */
async function enterKept(
  plan: RegistrationPlan,
  { keptAs, row }: { keptAs: DesiredSetting; row: ObservedSetting },
  pass: WritePass,
): Promise<never> {
  const { session, desired, deps, signal } = pass;
  enterRegistration(plan, row, { ...pass, desired: keptAs, digest: settingDigest(keptAs, deps.digestKey) });
  throw aliasTaken(desired, await session.rows(desired.scope, signal, deps.now()), row);
}

/** @throws Halt in any case */
function notListed({ integration, deps }: WritePass): never {
  deps.memory.forgetChange(integration.key);
  const message = 'CodeMie confirmed the integration and does not list it.';
  throw waiting('Registered', 'CodeMieUnreachable', message);
}

function enterRegistration(
  plan: RegistrationPlan,
  row: ObservedSetting,
  { report, desired, digest, connection, integration, deps }: WritePass,
): void {
  const before = report.registration;
  const origin = originOf(plan) ?? before?.origin ?? 'Created';
  const { scope, project, alias } = desired;
  // Somebody who wrote between our write and our look at it is found out by the next pass. A server that drops
  // the mark does not count: it would be written to for ever.
  const foreign = differences(desired, row).some((field) => field !== ownerKey);
  const written = { digest, remoteUpdatedAt: foreign ? '' : row.updatedAt };
  const last =
    plan.action === 'leave' && before
      ? { digest: before.digest, remoteUpdatedAt: before.remoteUpdatedAt }
      : written;
  const registration = {
    id: row.id,
    project,
    alias: plan.action === 'leave' ? row.alias : alias,
    scope,
    connectionUID: connection.uid,
    server: connection.spec.url,
    origin,
    ...last,
  };
  const signature = registrationSignature(integration.uid, registration, deps.digestKey);
  report.registration = { ...registration, signature };
  report.findings.Registered = {
    status: 'True',
    reason: origin === 'Adopted' ? 'Adopted' : 'Registered',
    message: `CodeMie has the integration "${alias}" of project "${project}".`,
  };
}

/** What a plan says of who made the row; undefined when it stays as it was. */
function originOf(plan: RegistrationPlan): 'Created' | 'Adopted' | undefined {
  switch (plan.action) {
    case 'create':
      return 'Created';
    case 'update':
      return plan.adopted ? 'Adopted' : undefined;
    case 'record':
      if (plan.written.adopted) return 'Adopted';
      return plan.written.id === undefined ? 'Created' : undefined;
    case 'leave':
    case 'refuse':
      return undefined;
  }
}

/** Reports what others did in CodeMie and this undid. @throws CodeMieError */
async function tellCorrection(
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
  if (await seesAllProjects({ session, signal }))
    return corrected('Someone removed the integration in CodeMie. The operator created it again.');
  const { id } = remembered;
  const why = removedOrTransferred;
  corrected(`CodeMie no longer lists integration ${id}: ${why}. The integration was created again.`);
  deps.log.warn(
    { key: integration.key, id, managedBy: owner, why },
    'A registered integration was created again',
  );
}

/** Tells what somebody else did in CodeMie, while it stays so. */
function enterDrift(report: Report, plan: RegistrationPlan): void {
  if (plan.action !== 'leave' || plan.drift.length === 0) return;
  const message = `${whatChanged(plan.drift)} Undo it there, copy it into the spec, or set driftPolicy: Correct.`;
  report.abnormal.Drifted = { status: 'True', reason: 'Changed', message };
}

function whatChanged(drift: readonly string[]): string {
  return `Someone changed ${drift.join(', ')} of the integration in CodeMie.`;
}
