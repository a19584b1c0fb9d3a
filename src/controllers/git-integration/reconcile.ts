import { durationMs } from '../../api/duration-text.ts';
import { gitIntegrations } from '../../api/group.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { steadyInterval, waitUntil } from '../../domain/schedule.ts';
import type { ReconcileContext, Result } from '../../kube/controller.ts';
import { RetryAfterError } from '../../kube/errors.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import { readCurrent } from '../memory.ts';
import { callsAside, sessionsAside } from '../waiting-aside.ts';
import { resolveConnection } from './connection.ts';
import { readCredentials, untilExpiryWarning, warnOfExpiry } from './credentials.ts';
import { finalize, finalizeVanished } from './finalize.ts';
import { Halt, type Next } from './halt.ts';
import { checkPermissions, resolveInstallation } from './installation.ts';
import {
  type Deps,
  enterHalt,
  type Integration,
  type ParsedIntegration,
  type Pass,
  parseIntegration,
  startReport,
  withoutForgedRegistration,
} from './pass.ts';
import { register } from './register.ts';
import { enterConfirmedWrite, type Progress } from './registration-report.ts';
import { leaveUnrecordedPlaces } from './removal.ts';
import { listedWithinMs } from './settings-writer.ts';
import { writeInvalid, writeStatus, writeSuspended } from './status.ts';
import { validate } from './validate.ts';

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
  if (await finalizeVanished(key, loaded?.uid, { deps, signal })) return {};
  if (!loaded || !deps.isOurs(loaded.object)) {
    // Of an object that is gone, what was removed in CodeMie matters to the next one of that name.
    if (loaded) deps.memory.forget(key);
    else deps.memory.goneFromCache(key);
    deps.metrics.forget(key);
    return {};
  }
  const base = { integration: loaded, report: startReport(loaded), deps, signal };
  if (loaded.deleting) return deps.tracing.step('finalize', () => finalize(base));
  if (!loaded.parsed.ok) {
    await writeInvalid(base, loaded.parsed.error);
    return {};
  }
  const spec = loaded.parsed.value;
  const pass: Pass = { ...base, integration: { ...loaded, spec, alias: spec.alias ?? loaded.name } };
  if (spec.suspend) {
    await enterConfirmedWrite(pass);
    await writeSuspended(pass);
    return {};
  }

  const outcome = await work(pass);
  if (outcome === 'settling') return { requeueAfterMs: listedWithinMs, unfinished: true };
  warnOfExpiry(pass);
  const stands = await deps.tracing.step('status', () => writeStatus(pass));
  const halt = outcome === 'registered' ? undefined : outcome;
  if (stands && !halt) deps.memory.statusWritten(key, pass.report.registration);
  return comeBack(pass, halt);
}

/** What this reconcile works with: while it waits for a server other than the API server, its worker is free. */
function depsOfPass(key: ObjectKey, deps: Deps, aside: ReconcileContext['aside']): Deps {
  const namespace = key.slice(0, key.indexOf('/'));
  return {
    ...deps,
    sessions: sessionsAside(deps.sessions, namespace, aside),
    validations: callsAside(deps.validations.of(namespace), aside),
    installations: callsAside(deps.installations.of(namespace), aside),
  };
}

/** Step 1: the object as it is now. Undefined when it is gone. */
async function load(
  key: ObjectKey,
  {
    kube,
    integrations,
    memory,
    requests,
    wakeAfter,
    digestKey,
  }: Pick<Deps, 'kube' | 'integrations' | 'memory' | 'requests' | 'wakeAfter' | 'digestKey'>,
  signal: AbortSignal,
): Promise<ParsedIntegration | undefined> {
  const object = await readCurrent(gitIntegrations, key, { kube, store: integrations, memory }, signal);
  if (!object) return undefined;
  const loaded = withoutForgedRegistration(parseIntegration(object, memory.handledRequest(key)), digestKey);
  const { fresh } = loaded.requests;
  if (!loaded.forceCheck || fresh === undefined) return loaded;
  const admission = requests.admit(object, fresh);
  if ('requestedAtMs' in admission) return { ...loaded, requestedAtMs: admission.requestedAtMs };
  wakeAfter(key, admission.waitMs);
  return putOff(loaded);
}

/** The same as if the request were not there: it is acted on later, and the status does not call it handled. */
function putOff(loaded: ParsedIntegration): ParsedIntegration {
  const { lastHandledReconcileAt, otherHandledReconcileAt } = loaded.status;
  const handled = { lastHandledReconcileAt, otherHandledReconcileAt };
  return { ...loaded, forceCheck: false, requests: { fresh: undefined, handled } };
}

/** Steps 2 to 6. Each fills the report, and ends the rest by throwing a Halt. */
async function work(pass: Pass): Promise<Halt | Progress> {
  const { integration, report, deps } = pass;
  const { step } = deps.tracing;
  try {
    const connection = resolveConnection(integration, deps);
    const credentials = await step('credentials', () => readCredentials(pass));
    const validation = await step('validate', () => validate(pass, credentials, connection));
    const installation = await step('installation', () => resolveInstallation(pass, credentials, validation));
    checkPermissions(pass, credentials, { validation, installation });
    const credential = { credentials, installationId: installation?.id };
    return await step('register', () => register(pass, connection, credential));
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    const isClean = await settleEarlierWrites(pass, error);
    enterHalt(report, error, integration);
    deps.tracing.note({ 'codemie.condition': error.condition, 'codemie.reason': error.finding.reason });
    return isClean ? error : soonAgain(error);
  }
}

/**
 * What this process wrote and no status records is removed where the integration is not wanted any more, and else
 * recorded: the next reconciles may end early too.
 *
 * @returns whether nothing is left to remove
 */
async function settleEarlierWrites(pass: Pass, { cause }: Halt): Promise<boolean> {
  if (!(await leaveUnrecordedPlaces(pass))) return false;
  // A CodeMie that has just failed is not called again at once.
  if (!(cause instanceof CodeMieError)) await enterConfirmedWrite(pass);
  return true;
}

/** The same end, which is retried with backoff, unless the provider would be asked each time: those lock accounts out. */
function soonAgain(halt: Halt): Halt {
  const waits = halt.next.kind === 'wait' || halt.next.kind === 'soon';
  const asksProvider = halt.condition === 'CredentialsValid' || halt.condition === 'InstallationResolved';
  return waits && !asksProvider
    ? new Halt(halt.condition, halt.finding, { kind: 'retry' }, halt.cause)
    : halt;
}

function comeBack(pass: Pass, halt: Halt | undefined): Result {
  const { integration, deps } = pass;
  const now = deps.now();
  if (halt?.next.kind === 'retry') throw halt;
  if (halt?.next.kind === 'at')
    throw new RetryAfterError(halt.message, waitUntil(halt.next.atMs, now), { cause: halt });
  // No other kind is left; the compiler names a new one here.
  const next: Extract<Next, { kind: 'wait' | 'soon' }> | undefined = halt?.next;
  const { syncInterval, validation } = integration.spec;
  const due = [
    steadyInterval(durationMs(syncInterval), integration.uid),
    steadyInterval(durationMs(validation.interval), integration.uid),
    untilExpiryWarning(pass),
    next?.kind === 'wait' && next.untilMs !== undefined ? waitUntil(next.untilMs, now) : undefined,
  ];
  // A bad credential is not retried with every read of CodeMie: providers lock accounts out for that.
  if (halt && halt.condition !== 'Registered') due.shift();
  if (next?.kind === 'soon') due.push(growingInterval(integration, now));
  return { requeueAfterMs: Math.min(...due.filter((ms) => ms !== undefined)) };
}

const firstIntervalMs = durations.integrations.firstTroubleMs;

/** As long again as the trouble has lasted, so that each interval is about twice the one before. */
function growingInterval({ conditions }: Integration, now: number): number {
  const before = conditions.find(({ type }) => type === 'Registered');
  const sinceMs = before?.status === 'False' ? now - Date.parse(before.lastTransitionTime) : 0;
  return Math.max(firstIntervalMs, sinceMs);
}
