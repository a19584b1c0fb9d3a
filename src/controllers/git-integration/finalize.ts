import { gitIntegrations, REGISTRATION_FINALIZER } from '../../api/group.ts';
import { mayWriteProject } from '../../codemie/account.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { rowsToRemove } from '../../domain/registration-plan.ts';
import { ownerMark, type Scope } from '../../domain/setting.ts';
import type { Result } from '../../kube/controller.ts';
import { RetryAfterError } from '../../kube/failures.ts';
import { removeFinalizer } from '../../kube/finalizers.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import type { Session } from '../codemie-connection/session.ts';
import { InvalidConnection } from '../codemie-connection/sessions.ts';
import { ValueFault } from '../value-reader.ts';
import { awaitListing, listedWithinMs } from './await-listing.ts';
import { connectionByUid, findConnection, isOutOfSight, leadsTo } from './connection.ts';
import type { Deps } from './deps.ts';
import { tellLeak } from './leak.ts';
import type { Known, Loaded } from './load.ts';
import { onlyNeighbour } from './neighbours.ts';
import type { Report } from './report.ts';
import { writeDeleting } from './status.ts';
import { removeSettings } from './write-setting.ts';

/**
 * Cleans CodeMie up and lets the object go. Neither the Git Secret nor the provider is needed for that.
 *
 * It waits as long as anything can still be done. Only when the connection is gone for good, its Secrets go down
 * with the namespace, or its login does not see the project any more, is the object released with a
 * `RegistrationLeaked` event; the row's owner mark lets somebody find it later.
 */
export async function finalize(
  loaded: Loaded,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<Result> {
  if (!loaded.object.metadata.finalizers?.includes(REGISTRATION_FINALIZER)) return {};
  const { parsed } = loaded;
  if (parsed.ok && parsed.value.deletionPolicy === 'Orphan') return release(loaded, deps, signal);

  const connection = connectionOf(loaded, deps);
  if (!connection && parsed.ok && isOutOfSight(parsed.value.connectionRef, deps))
    return wait(loaded, new OutOfSight(parsed.value.connectionRef.name), report, deps, signal);
  if (!connection) return leak(loaded, 'its connection is gone', deps, signal);
  let outcome: CleanUp;
  try {
    outcome = await cleanUp(loaded, connection, deps, signal);
  } catch (error) {
    // The next try shall see CodeMie as it is then.
    deps.ownSettings.forget(loaded.key);
    if (error instanceof ValueFault && isTornDown(connection, deps))
      return leak(loaded, 'the Secrets of its connection are gone', deps, signal);
    return wait(loaded, error, report, deps, signal);
  }
  if (outcome === 'waiting') return { requeueAfterMs: listedWithinMs };
  if (outcome === 'done') return release(loaded, deps, signal);
  return leak(loaded, outcome.leftBehind, deps, signal);
}

/** The operator does not follow connections of the kind. Another one may, so that this is no leak. */
class OutOfSight extends Error {
  override readonly name = 'OutOfSight';

  constructor(connection: string) {
    super(
      `The operator of this namespace does not serve ClusterCodeMieConnection "${connection}". Ask for --cluster-connections=true, or set deletionPolicy: Orphan.`,
    );
  }
}

/** Says what the clean-up waits for. @throws always, to come back */
async function wait(
  loaded: Loaded,
  error: unknown,
  report: Report,
  deps: Deps,
  signal: AbortSignal,
): Promise<never> {
  const message = `The integration is still in CodeMie. ${explain(error)}`;
  await writeDeleting(loaded, { status: 'Unknown', reason: 'Deleting', message }, report, deps, signal);
  if (error instanceof CodeMieError && error.retryAtMs !== undefined)
    throw new RetryAfterError(message, Math.max(error.retryAtMs - deps.now(), 1000), { cause: error });
  throw error;
}

/** The connection that made the row; before the first status only the spec can tell. */
function connectionOf({ parsed, status, namespace }: Loaded, deps: Deps): KubeObject | undefined {
  const made = status.registration && connectionByUid(status.registration.connectionUID, deps);
  return made ?? (parsed.ok ? findConnection(parsed.value.connectionRef, namespace, deps) : undefined);
}

/** `waiting` - for a listing. `leftBehind` - why there may be a row of ours still. */
type CleanUp = 'done' | 'waiting' | { leftBehind: string };

/** Removes our rows. */
async function cleanUp(
  loaded: Loaded,
  connection: KubeObject,
  deps: Deps,
  signal: AbortSignal,
): Promise<CleanUp> {
  try {
    return await cleanUpThrough(
      await deps.sessions.open(connection, signal),
      loaded,
      connection,
      deps,
      signal,
    );
  } catch (error) {
    const last = deps.sessions.last(connection.metadata.uid);
    if (!last || !(error instanceof ValueFault) || !isTornDown(connection, deps)) throw error;
    return await cleanUpThrough(await last, loaded, connection, deps, signal).catch((failure: unknown) => {
      // Nobody can mend that login any more.
      throw failure instanceof CodeMieError && failure.kind === 'unauthorized' ? error : failure;
    });
  }
}

/**
 * Removes our rows by a listing that began after the deletion was noticed. Many who are deleted at the same time wait
 * for the same one, and hold no worker meanwhile.
 */
async function cleanUpThrough(
  session: Session,
  { object, parsed, status: { registration }, key, namespace, name }: Loaded,
  connection: KubeObject,
  deps: Deps,
  signal: AbortSignal,
): Promise<CleanUp> {
  const place: Place | undefined = registration ?? (parsed.ok ? parsed.value : undefined);
  const scope = place?.scope ?? 'Project';
  const { uid: connectionUID } = connection.metadata;
  const noticed = deps.ownSettings.last(key, connectionUID);
  if (!noticed?.deleting) {
    deps.ownSettings.note(key, { connectionUID, endedAtMs: deps.now(), deleting: true });
    awaitListing(key, scope, session, deps);
    return 'waiting';
  }
  const owner = ownerMark(deps.clusterName, namespace, name);
  const rows = await session.rows(scope, signal, noticed.endedAtMs);
  const elsewhere = registration !== undefined && !leadsTo(connection, registration);
  const ours = rowsToRemove(rows, owner, place, elsewhere ? undefined : registration);
  await removeSettings(ours, session, deps.now, signal);
  const removed = { connectionUID, endedAtMs: deps.now() };
  deps.ownSettings.note(key, removed);
  // Who is left alone is woken, and shall not see in an older listing what is gone.
  const left = onlyNeighbour(object, deps.integrations);
  if (left && !deps.ownSettings.last(keyOf(left), connectionUID)) deps.ownSettings.note(keyOf(left), removed);
  if (elsewhere && !ours.some(({ id }) => id === registration.id)) {
    const moved = connection.metadata.uid === registration.connectionUID;
    return { leftBehind: moved ? 'the connection leads to another server now' : 'its connection is gone' };
  }
  if (ours.length > 0 || place?.scope !== 'Project') return 'done';
  if (await sees(place.project, session, signal)) return 'done';
  return { leftBehind: "its connection's login does not see the project any more" };
}

/** Where a row of ours may be. */
interface Place {
  scope: Scope;
  project: string;
}

/**
 * Whether CodeMie would list the integrations of the project: it lists none to a login that is not an administrator
 * of it, and does not say so.
 *
 * @throws CodeMieError `accessDenied` when that can be mended
 */
async function sees(project: string, session: Session, signal: AbortSignal): Promise<boolean> {
  const account = await session.account(signal, 0);
  if (mayWriteProject(account, project)) return true;
  if (!(await session.hasProject(project, signal, 0))) return false;
  throw new CodeMieError({
    kind: 'accessDenied',
    message: `The connection's login ${account.name} is not an administrator of project "${project}".`,
    hint: 'Make it one in CodeMie, or set deletionPolicy: Orphan.',
  });
}

function explain(error: unknown): string {
  if (error instanceof CodeMieError) return `${error.message} ${error.hint}`;
  if (error instanceof ValueFault || error instanceof InvalidConnection || error instanceof OutOfSight)
    return error.message;
  return 'It could not be removed.';
}

/** Whether a connection goes down with its namespace, and its Secrets with it. Those of the cluster stay. */
function isTornDown({ metadata: { namespace } }: KubeObject, { namespaces }: Deps): boolean {
  return namespace !== undefined && namespaces.get(namespace)?.metadata.deletionTimestamp !== undefined;
}

async function leak(known: Known, why: string, deps: Deps, signal: AbortSignal): Promise<Result> {
  tellLeak(known, why, deps);
  return release(known, deps, signal);
}

async function release(known: Known, deps: Deps, signal: AbortSignal): Promise<Result> {
  await removeFinalizer(deps.kube, gitIntegrations, known.object, REGISTRATION_FINALIZER, signal);
  deps.unrecorded.forget(known.key);
  return {};
}
