import type { GitIntegrationConditionType } from '../../api/conditions.ts';
import { durationMs } from '../../api/duration-text.ts';
import { fitterOf } from '../../api/fit.ts';
import { FIELD_MANAGER, gitIntegrations } from '../../api/group.ts';
import { gitIntegrationStatusSchema } from '../../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { specDigest } from '../../domain/digests.ts';
import { type Finding, summaryConditions, sumUp } from '../../domain/readiness.ts';
import type { HandledRequests } from '../../domain/reconcile-request.ts';
import { isNotFound } from '../../kube/errors.ts';
import { durations } from '../../lib/durations.ts';
import { mergeConditions, outageNews, providerOutages, sameJson } from '../status-parts.ts';
import type { Deps, Pass, Snapshot } from './pass.ts';

const fitStatus = fitterOf(gitIntegrationStatusSchema);

type Wanted = Partial<Record<GitIntegrationConditionType, Finding>>;

/** However often a credential is validated, an outage shorter than this does not unmake Ready. */
const leastGraceMs = durations.integrations.leastGraceMs;

/**
 * Step 7: writes the status of a finished reconcile, once and only if it differs from what is stored; then reports the
 * news in events and metrics.
 *
 * @returns whether the object has that status now; it has not when it is gone
 */
export async function writeStatus(pass: Pass): Promise<boolean> {
  const { integration, report, deps } = pass;
  const { spec, conditions: previous, generation } = integration;
  const readiness = sumUp(report.findings, {
    warnOnly: spec.validation.policy === 'Warn',
    previous,
    generation,
    graceMs: Math.max(3 * durationMs(spec.validation.interval), leastGraceMs),
    now: deps.now(),
  });
  const wanted = { ...report.findings, ...report.abnormal, ...summaryConditions(readiness) };
  return write(pass, wanted, { ...handledNow(integration), handledSpec: specDigest(spec) });
}

/**
 * Says that nothing is done, and leaves everything else as it was. Only a spec that was handled before it was
 * suspended counts as observed: kstatus would call one Current that no one has acted on.
 */
export async function writeSuspended(pass: Pass): Promise<void> {
  const { integration, report } = pass;
  const { spec, generation, status: stored } = integration;
  const { observedGeneration = -1, handledSpec, lastHandledReconcileAt, otherHandledReconcileAt } = stored;
  const isHandled = observedGeneration === generation || handledSpec === specDigest(spec);
  const kept = asWanted(
    integration.conditions.filter(({ type }) => type !== 'Reconciling' && type !== 'Stalled'),
    isHandled ? generation : undefined,
  );
  const Ready: Finding = {
    status: kept.Ready?.status ?? 'Unknown',
    reason: 'Suspended',
    message: isHandled
      ? 'Nothing is done while suspend is true.'
      : 'Nothing is done while suspend is true, and the spec was not handled as it is now. Set suspend: false to go on.',
    observedGeneration: kept.Ready?.observedGeneration,
  };
  // An earlier write may have been recorded only now.
  const { Registered = kept.Registered } = report.findings;
  if (Registered)
    kept.Registered = { ...Registered, observedGeneration: kept.Registered?.observedGeneration };
  const about = {
    observedGeneration: isHandled ? generation : observedGeneration,
    handledSpec,
    // What was asked for is still to be done.
    requests: { lastHandledReconcileAt, otherHandledReconcileAt },
  };
  await write(pass, { ...kept, Ready }, about);
}

/** Says that the spec breaks a rule which the installed definition did not know. */
export async function writeInvalid(pass: Pass<Deps, Snapshot>, error: string): Promise<void> {
  const message = `${error} Correct the field, and install the CRDs of this release.`;
  const fault = { reason: 'InvalidSpec', message };
  const kept = asWanted(pass.integration.conditions.filter(({ type }) => type === 'Registered'));
  const wanted: Wanted = {
    ...kept,
    Ready: { status: 'False', ...fault },
    Stalled: { status: 'True', ...fault },
  };
  await write(pass, wanted, handledNow(pass.integration));
}

/** Says that the deletion waits, and for what. */
export async function writeDeleting(pass: Pass<Deps, Snapshot>, finding: Finding): Promise<void> {
  const kept = asWanted(pass.integration.conditions.filter(({ type }) => type === 'Registered'));
  const reconciling: Finding = { ...finding, status: 'True' };
  const wanted = { ...kept, Ready: finding, Reconciling: reconciling };
  await write(pass, wanted, handledNow(pass.integration));
}

/** What a status is about. */
interface HandledState {
  observedGeneration: number;
  handledSpec: string | undefined;
  requests: HandledRequests;
}

/** The object as it is now, all of whose requests are done with this reconcile. */
function handledNow({ generation, requests, status }: Snapshot): HandledState {
  return {
    observedGeneration: generation,
    handledSpec: status.handledSpec,
    requests: requests.handled,
  };
}

async function write(
  pass: Pass<Deps, Snapshot>,
  wanted: Wanted,
  { observedGeneration, handledSpec, requests }: HandledState,
): Promise<boolean> {
  const { integration: snapshot, report, deps, signal } = pass;
  const { generation, status: stored, key, uid } = snapshot;
  const status = fitStatus({
    observedGeneration,
    ...(handledSpec !== undefined && { handledSpec }),
    conditions: mergeConditions(wanted, snapshot.conditions, generation, deps.now()),
    ...(report.credential && { credential: report.credential }),
    ...(report.installation && { installation: report.installation }),
    ...(report.registration && { registration: report.registration }),
    ...requests,
  });
  deps.metrics.observe(snapshot, status);
  if (sameJson(status, stored)) return true;
  try {
    const options = { fieldManager: FIELD_MANAGER, uid, resourceVersion: report.resourceVersion };
    const { metadata } = await deps.kube.applyStatus(gitIntegrations, key, status, options, signal);
    deps.memory.replacedVersion(key, report.resourceVersion, metadata.resourceVersion);
  } catch (error) {
    // The object, or this incarnation of it, is gone: there is no one left to notify.
    if (isNotFound(error)) return false;
    throw error;
  }
  publish(pass, status.conditions ?? []);
  return true;
}

/** Conditions as they are, or as they would be found again for a later generation. */
function asWanted(conditions: readonly Condition[], observedGeneration?: number): Wanted {
  return Object.fromEntries(
    conditions.map((condition) => [
      condition.type,
      { ...condition, observedGeneration: observedGeneration ?? condition.observedGeneration },
    ]),
  );
}

/** Events on a change of readiness and for what the steps had to say; never for a reconcile that changed nothing. */
function publish(
  { integration: snapshot, report, deps }: Pass<Deps, Snapshot>,
  conditions: readonly Condition[],
): void {
  const ready = conditions.find(({ type }) => type === 'Ready');
  const before = snapshot.conditions.find(({ type }) => type === 'Ready');
  if (ready && (ready.status !== before?.status || ready.reason !== before.reason)) {
    deps.log.info({ key: snapshot.key, ready: ready.status, reason: ready.reason }, 'Readiness changed');
    deps.events.record(snapshot.object, {
      type: ready.status === 'False' ? 'Warning' : 'Normal',
      reason: ready.reason,
      action: 'Reconcile',
      note: ready.message,
    });
  }
  const outage = outageNews(snapshot.conditions, conditions, providerOutages);
  if (outage) deps.events.record(snapshot.object, outage);
  for (const type of ['CredentialExpiring', 'Drifted', 'UsageLimited']) {
    const now = conditions.find((condition) => condition.type === type);
    const then = snapshot.conditions.find((condition) => condition.type === type);
    if (!now || now.reason === then?.reason) continue;
    // Where no Prometheus is, alerts are made of these lines: docs/guides/alert-with-kibana.md.
    const expiresAt = type === 'CredentialExpiring' ? report.credential?.expiresAt : undefined;
    deps.log.warn(
      { key: snapshot.key, condition: type, reason: now.reason, ...(expiresAt && { expiresAt }) },
      'Condition raised',
    );
    deps.events.record(snapshot.object, {
      type: 'Warning',
      reason: now.reason,
      action: 'Reconcile',
      note: now.message,
    });
  }
  for (const news of report.news) deps.events.record(snapshot.object, news);
}
