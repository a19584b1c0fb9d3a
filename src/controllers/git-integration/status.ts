import type { GitIntegrationConditionType } from '../../api/conditions.ts';
import { durationMs } from '../../api/duration.ts';
import { FIELD_MANAGER, gitIntegrations } from '../../api/group.ts';
import type { GitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../../api/v1alpha1/shared.ts';
import { type Finding, type Readiness, sumUp } from '../../domain/readiness.ts';
import { isNotFound } from '../../kube/errors.ts';
import { mergeConditions, sameJson } from '../status-parts.ts';
import type { Deps } from './deps.ts';
import type { Integration, Known } from './load.ts';
import type { Report } from './report.ts';

type Wanted = Partial<Record<GitIntegrationConditionType, Finding>>;

/** However often a credential is proven, an outage shorter than this does not unmake Ready. */
const leastGraceMs = 30 * 60_000;

/**
 * Step 7: writes the status of a finished pass, once and only if it differs from what is stored; then tells the
 * news in events and metrics.
 */
export async function writeStatus(
  integration: Integration,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const { spec, conditions: previous, generation } = integration;
  const readiness = sumUp(report.findings, {
    warnOnly: spec.validation.policy === 'Warn',
    previous,
    generation,
    graceMs: Math.max(3 * durationMs(spec.validation.interval), leastGraceMs),
    now: deps.now(),
  });
  await write(
    integration,
    { ...report.findings, ...report.abnormal, ...summary(readiness) },
    report,
    deps,
    signal,
  );
}

/** Says that nothing is done, and leaves everything else as it was. */
export async function writeSuspended(
  integration: Integration,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const kept = asWanted(
    integration.conditions.filter(({ type }) => type !== 'Reconciling' && type !== 'Stalled'),
  );
  const status = kept.Ready?.status ?? 'Unknown';
  const message = 'Nothing is done while suspend is true.';
  await write(
    integration,
    { ...kept, Ready: { status, reason: 'Suspended', message } },
    report,
    deps,
    signal,
  );
}

/** Says that the spec breaks a rule which the installed definition did not know. */
export async function writeInvalid(
  known: Known,
  error: string,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const message = `${error} Correct the field, and install the definitions of this release.`;
  const fault = { reason: 'InvalidSpec', message };
  const kept = asWanted(known.conditions.filter(({ type }) => type === 'Registered'));
  await write(
    known,
    { ...kept, Ready: { status: 'False', ...fault }, Stalled: { status: 'True', ...fault } },
    report,
    deps,
    signal,
  );
}

/** Says that the deletion waits, and for what. */
export async function writeDeleting(
  known: Known,
  finding: Finding,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const kept = asWanted(known.conditions.filter(({ type }) => type === 'Registered'));
  const reconciling: Finding = { ...finding, status: 'True' };
  await write(known, { ...kept, Ready: finding, Reconciling: reconciling }, report, deps, signal);
}

async function write(
  known: Known,
  wanted: Wanted,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const { generation, requestedAt, status: stored, key, uid } = known;
  const handledAt = requestedAt ?? stored.lastHandledReconcileAt;
  const status: GitIntegrationStatus = {
    observedGeneration: generation,
    conditions: mergeConditions(wanted, known.conditions, generation, deps.now()),
    ...(report.credential && { credential: report.credential }),
    ...(report.installation && { installation: report.installation }),
    ...(report.registration && { registration: report.registration }),
    ...(handledAt !== undefined && { lastHandledReconcileAt: handledAt }),
  };
  deps.metrics.observe(known, status);
  if (sameJson(status, stored)) return;
  try {
    const options = { fieldManager: FIELD_MANAGER, uid, resourceVersion: report.resourceVersion };
    const { metadata } = await deps.kube.applyStatus(gitIntegrations, key, status, options, signal);
    deps.ownWrites.note(key, report.resourceVersion, metadata.resourceVersion);
  } catch (error) {
    // The object, or this incarnation of it, is gone: there is nobody left to tell.
    if (isNotFound(error)) return;
    throw error;
  }
  tell(known, status.conditions ?? [], report, deps);
}

function summary({ ready, reconciling, stalled }: Readiness): Wanted {
  return {
    Ready: ready,
    ...(reconciling && { Reconciling: reconciling }),
    ...(stalled && { Stalled: stalled }),
  };
}

function asWanted(conditions: readonly Condition[]): Wanted {
  return Object.fromEntries(conditions.map((condition) => [condition.type, condition]));
}

/** Events on a change of readiness and for what the steps had to say; never for a pass that changed nothing. */
function tell(known: Known, conditions: readonly Condition[], report: Report, deps: Deps): void {
  const ready = conditions.find(({ type }) => type === 'Ready');
  const before = known.conditions.find(({ type }) => type === 'Ready');
  if (ready && (ready.status !== before?.status || ready.reason !== before.reason)) {
    deps.log.info({ key: known.key, ready: ready.status, reason: ready.reason }, 'Readiness changed');
    deps.events.record(known.object, {
      type: ready.status === 'False' ? 'Warning' : 'Normal',
      reason: ready.reason,
      action: 'Reconcile',
      note: ready.message,
    });
  }
  for (const type of ['CredentialExpiring', 'Drifted', 'UsageLimited']) {
    const now = conditions.find((condition) => condition.type === type);
    const then = known.conditions.find((condition) => condition.type === type);
    if (now && now.reason !== then?.reason)
      deps.events.record(known.object, {
        type: 'Warning',
        reason: now.reason,
        action: 'Reconcile',
        note: now.message,
      });
  }
  for (const news of report.news) deps.events.record(known.object, news);
}
