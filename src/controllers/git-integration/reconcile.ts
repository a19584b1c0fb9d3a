import { durationMs } from '../../api/duration.ts';
import type { ReconcileContext, Result } from '../../kube/controller.ts';
import { RetryAfterError } from '../../kube/failures.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { callsAside, sessionsAside } from '../waiting-aside.ts';
import { listedWithinMs } from './await-listing.ts';
import { resolveConnection } from './connection.ts';
import { readCredentials } from './credentials.ts';
import type { Deps } from './deps.ts';
import { untilExpiryWarning, warnOfExpiry } from './expiry.ts';
import { finalize } from './finalize.ts';
import { Halt } from './halt.ts';
import { resolveInstallation } from './installation.ts';
import { type Integration, load } from './load.ts';
import { checkPermissions } from './permissions.ts';
import { type Progress, register } from './register.ts';
import { enterHalt, type Report, startReport } from './report.ts';
import { writeInvalid, writeStatus, writeSuspended } from './status.ts';
import { validate } from './validate.ts';
import { finalizeVanished } from './vanished.ts';

/**
 * Makes CodeMie hold what one GitIntegration says. Reads the present state, may be killed at any point, and may
 * run twice: the second run finds what the first one did.
 *
 * @throws Halt or RetryAfterError when it has to come back; the status is written by then
 */
export async function reconcile(
  key: ObjectKey,
  shared: Deps,
  { signal, aside }: ReconcileContext,
): Promise<Result> {
  const deps = depsOfPass(key, shared, aside);
  const loaded = await load(key, deps, signal);
  if (await finalizeVanished(key, loaded?.uid, deps, signal)) return {};
  if (!loaded || !deps.isOurs(loaded.object)) {
    deps.ownWrites.forget(key);
    deps.metrics.forget(key);
    // Another shard goes on with it.
    if (loaded) deps.unrecorded.forget(key);
    return {};
  }
  const report = startReport(loaded);
  if (loaded.deleting) return deps.tracing.step('finalize', () => finalize(loaded, report, deps, signal));
  if (!loaded.parsed.ok) {
    await writeInvalid(loaded, loaded.parsed.error, report, deps, signal);
    return {};
  }
  const spec = loaded.parsed.value;
  const integration: Integration = { ...loaded, spec, alias: spec.alias ?? loaded.name };
  if (spec.suspend) {
    await writeSuspended(integration, report, deps, signal);
    return {};
  }

  const outcome = await work(integration, report, deps, signal);
  if (outcome === 'settling') return { requeueAfterMs: listedWithinMs, unfinished: true };
  warnOfExpiry(integration, report, deps.now());
  const stands = await deps.tracing.step('status', () => writeStatus(integration, report, deps, signal));
  const halt = outcome === 'registered' ? undefined : outcome;
  if (stands && !halt) noteRecorded(key, report, deps);
  return comeBack(integration, report, halt, deps.now());
}

/** What this pass works with: while it waits for a server other than the API server, its worker is free for others. */
function depsOfPass(key: ObjectKey, deps: Deps, aside: ReconcileContext['aside']): Deps {
  const namespace = key.slice(0, key.indexOf('/'));
  return {
    ...deps,
    sessions: sessionsAside(deps.sessions, namespace, aside),
    proofs: callsAside(deps.proofs.of(namespace), aside),
    installations: callsAside(deps.installations.of(namespace), aside),
  };
}

/** Steps 2 to 6. Each fills the report, and ends the rest by throwing a Halt. */
async function work(
  integration: Integration,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<Halt | Progress> {
  const { step } = deps.tracing;
  try {
    const connection = resolveConnection(integration, deps);
    const credentials = await step('credentials', () => readCredentials(integration, report, deps, signal));
    const proof = await step('validate', () =>
      validate(integration, credentials, connection, report, deps, signal),
    );
    const installation = await step('installation', () =>
      resolveInstallation(integration, credentials, proof, report, deps, signal),
    );
    checkPermissions(integration, credentials, proof, installation, report);
    return await step('register', () =>
      register(integration, credentials, installation?.id, connection, report, deps, signal),
    );
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    enterHalt(report, error, integration);
    deps.tracing.note({ 'codemie.condition': error.condition, 'codemie.reason': error.finding.reason });
    return error;
  }
}

/** What was written to CodeMie is in the status now. */
function noteRecorded(key: ObjectKey, { registration }: Report, { ownSettings, unrecorded }: Deps): void {
  ownSettings.forget(key);
  if (registration) unrecorded.recorded(key, registration);
}

function comeBack(integration: Integration, report: Report, halt: Halt | undefined, now: number): Result {
  if (halt?.next.kind === 'retry') throw halt;
  if (halt?.next.kind === 'at')
    throw new RetryAfterError(halt.message, Math.max(halt.next.atMs - now, 1000), { cause: halt });
  const { syncInterval, validation } = integration.spec;
  const due = [
    durationMs(syncInterval),
    durationMs(validation.interval),
    untilExpiryWarning(integration, report, now),
    halt?.next.kind === 'wait' && halt.next.untilMs !== undefined
      ? Math.max(halt.next.untilMs - now, 1000)
      : undefined,
  ];
  // A bad credential is not tried again with every look at CodeMie: providers lock accounts out for that.
  if (halt && halt.condition !== 'Registered') due.shift();
  if (halt?.next.kind === 'soon') due.push(growingInterval(integration, now));
  return { requeueAfterMs: Math.min(...due.filter((ms) => ms !== undefined)) };
}

const firstIntervalMs = 5000;

/** As long again as the trouble has lasted, so that each interval is about twice the one before. */
function growingInterval({ conditions }: Integration, now: number): number {
  const before = conditions.find(({ type }) => type === 'Registered');
  const sinceMs = before?.status === 'False' ? now - Date.parse(before.lastTransitionTime) : 0;
  return Math.max(firstIntervalMs, sinceMs);
}
