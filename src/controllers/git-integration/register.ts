import { serverKey } from '../../domain/claim.ts';
import { urlForCodeMie } from '../../domain/codemie-url.ts';
import { settingDigest } from '../../domain/digests.ts';
import { type DesiredSetting, ownerMark, settingValues, tokenName } from '../../domain/git-setting.ts';
import { needsNewRows, planRegistration } from '../../domain/registration-plan.ts';
import { belongsToAnother, refuseUnlessHolder } from './claim.ts';
import { allows, connectionName, pointsToServerOf } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { codeMieHalt, waiting } from './halt.ts';
import type { Integration, Pass, ResolvedConnection, WritePass } from './pass.ts';
import { aliasTaken, type Decision, enterOutcome, type Progress, refusal } from './registration-report.ts';
import { type ActionPlan, carryOut } from './settings-writer.ts';

/**
 * Step 6: compares what CodeMie has with what is wanted, has the plan carried out, and enters the result in the report.
 *
 * CodeMie's create returns no id and its check for a free alias is not atomic. So the owner mark inside of the
 * row is the record of what is ours: it survives a crash between the write and the status.
 *
 * A reconcile that wrote ends as `settling`. The key is woken when a listing shows the result, one for all who wrote
 * at about the same time: a listing for each would cost CodeMie as many pages as there are integrations, squared.
 *
 * @throws Halt on `Registered`
 */
export async function register(
  pass: Pass,
  connection: ResolvedConnection,
  credential: RegisteredCredential,
): Promise<Progress> {
  const { integration, deps, signal } = pass;
  refuseUnlessHolder(integration, connection, deps);
  const owner = ownerMark(deps.clusterName, integration.namespace, integration.name);
  const url = urlForCodeMie(integration.spec, deps.providers);
  const desired = desiredSetting(integration, credential, { url, owner });
  const digest = settingDigest(desired, deps.digestKey);
  const remembered = rememberedWrite(integration, connection);
  try {
    const session = await deps.sessions.open(connection.object, signal);
    const lastChange = deps.memory.lastChange(integration.key, connection.uid);
    const writePass = { ...pass, connection, session, desired, digest, remembered, lastChange, owner };
    let decision = await decide(writePass);
    let outcome = await carryOut(decision.plan, writePass);
    if (outcome.kind === 'aliasTaken') {
      // What has the alias may have been created after the listing in use.
      decision = await actionable(await readAndPlan(writePass, deps.now()), writePass);
      if (decision.plan.action !== 'create') outcome = await carryOut(decision.plan, writePass);
    }
    if (outcome.kind === 'aliasTaken') throw aliasTaken(desired, decision.rows);
    return await enterOutcome(decision, outcome, { ...writePass, url });
  } catch (error) {
    throw codeMieHalt(error, connectionName(integration.spec.connectionRef));
  }
}

/** Plans by a listing in shared use, and again by a new one where that may be out of date. @throws Halt, CodeMieError */
async function decide(pass: WritePass): Promise<Decision<ActionPlan>> {
  const { integration, remembered, lastChange, deps } = pass;
  const startedMs = deps.now();
  let decision = await readAndPlan(pass, newestBefore(integration, lastChange?.atMs, startedMs));
  const inUse = {
    remembered,
    isRegistered: integration.status.registration !== undefined,
    isYoung: isYoung(integration, startedMs),
  };
  // A listing of this very pass, which may have begun within the same millisecond, is new enough.
  if (needsNewRows(decision.plan, inUse)) decision = await readAndPlan(pass, startedMs - 1);
  return await actionable(decision, pass);
}

/** @param startedAfterMs epoch milliseconds: an older listing does not serve; undefined for the usual */
async function readAndPlan(pass: WritePass, startedAfterMs: number | undefined): Promise<Decision> {
  const { integration, connection, session, desired, digest, owner, remembered, lastChange, deps, signal } =
    pass;
  const { adoptionPolicy, driftPolicy } = integration.spec;
  const server = serverKey(connection.spec.url);
  const written = lastChange?.kind === 'written' ? lastChange.confirmed : undefined;
  const rows = await session.rows(desired.scope, signal, startedAfterMs);
  const plan = planRegistration({
    desired,
    digest,
    owner,
    rows,
    remembered,
    written,
    adoptionPolicy,
    driftPolicy,
    belongsToAnother: (row) => belongsToAnother(row, integration, server, deps),
    mayName: (project) => allows(connection.object, integration.namespace, project, deps),
  });
  return { plan, rows };
}

/** A plan that says what to do. @throws Halt for a plan that refuses or waits */
async function actionable({ plan, rows }: Decision, pass: WritePass): Promise<Decision<ActionPlan>> {
  if (plan.action === 'refuse') throw await refusal(plan, pass);
  if (plan.action !== 'wait') return { plan, rows };
  pass.deps.memory.forgetChange(pass.integration.key);
  throw waiting('Registered', 'CodeMieUnreachable', plan.sentence);
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
function newestBefore(
  { forceCheck, requestedAtMs }: Integration,
  writtenAtMs: number | undefined,
  nowMs: number,
): number | undefined {
  return forceCheck ? Math.max(requestedAtMs ?? nowMs, writtenAtMs ?? 0) : writtenAtMs;
}

/** What the last write to this very place left; another CodeMie knows nothing of it. */
function rememberedWrite({ status: { registration } }: Integration, { object, uid }: ResolvedConnection) {
  if (!registration || !pointsToServerOf(object, registration)) return undefined;
  const { id, digest = '', remoteUpdatedAt = '' } = registration;
  return { id, digest, remoteUpdatedAt, connectionUID: uid };
}

/** Whether the registration may be younger than a listing in use: those serve for a minute, the rest is for clocks. */
function isYoung({ conditions }: Integration, now: number): boolean {
  const registered = conditions.find(({ type }) => type === 'Registered');
  return registered !== undefined && now - Date.parse(registered.lastTransitionTime) < 5 * 60_000;
}
