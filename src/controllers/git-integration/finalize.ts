import { gitIntegrations, REGISTRATION_FINALIZER } from '../../api/group.ts';
import { keepsRow, parsePlace } from '../../api/v1alpha1/git-integration-spec.ts';
import { mayWriteProject } from '../../codemie/account.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { ownerMark, type Scope } from '../../domain/git-setting.ts';
import { rowsToRemove } from '../../domain/registration-plan.ts';
import { waitUntil } from '../../domain/schedule.ts';
import type { Result } from '../../kube/controller.ts';
import { RetryAfterError } from '../../kube/errors.ts';
import { removeFinalizer } from '../../kube/finalizers.ts';
import { keyOf, type ObjectKey } from '../../kube/object.ts';
import type { Session } from '../codemie-connection/session.ts';
import { InvalidConnection } from '../codemie-connection/session-pool.ts';
import { ValueFault } from '../value-reader.ts';
import { isUnwatched, pointsToServerOf } from './connection.ts';
import { onlyNeighbour } from './indexes.ts';
import {
  type Deps,
  type Pass,
  parseIntegration,
  type Snapshot,
  startReport,
  withoutForgedRegistration,
} from './pass.ts';
import {
  findRemovalRoutes,
  LoginDeletedError,
  type RemovalRoute,
  reportOrphaned,
  reportUnchecked,
  withLogin,
} from './removal.ts';
import { seesAllProjects } from './rights.ts';
import { awaitListing, listedWithinMs, removeSettings } from './settings-writer.ts';
import { writeDeleting } from './status.ts';

/** A reconcile over an object that is being deleted, or is gone. */
export type FinalizePass = Pass<Deps, Snapshot>;

/**
 * Removes what is ours in CodeMie, then the finalizer. Neither the Git Secret nor the provider is needed for that, and
 * no connection is used but those of `findRemovalRoutes`.
 *
 * It waits as long as anything can still be done. Only when the connection is gone for good, its Secrets were deleted
 * with it or with its namespace, or its login does not see the project any more, is the finalizer removed with a
 * `RegistrationOrphaned` event; the row's owner mark lets an administrator find it later.
 */
export async function finalize(pass: FinalizePass): Promise<Result> {
  const { integration: loaded, deps } = pass;
  const { object } = loaded;
  if (!object.metadata.finalizers?.includes(REGISTRATION_FINALIZER)) return {};
  if (keepsRow(object['spec'])) return release(pass);

  const { routes, registration, mayHaveRows } = findRemovalRoutes(object, deps);
  const place = parsePlace(object['spec']);
  if (routes.length === 0 && place && isUnwatched(place.connectionRef, deps))
    return wait(pass, new UnwatchedConnection(place.connectionRef.name));
  const leftBehind: string[] = [];
  const removed = new Set<string>();
  for (const route of routes) {
    const outcome = await removeThrough(route, mayHaveRows, pass);
    if (outcome === 'waiting') return { requeueAfterMs: listedWithinMs };
    for (const id of outcome.removed) removed.add(id);
    if (outcome.leftBehind !== undefined) leftBehind.push(outcome.leftBehind);
  }
  const used = routes.some(({ because }) => because === (registration ? 'registered' : 'written'));
  const found = registration ? removed.has(registration.id) : removed.size > 0;
  if (mayHaveRows && !used && !found) leftBehind.push('its connection is gone');
  const [why] = leftBehind;
  if (why !== undefined) reportOrphaned(loaded, why, deps);
  else if (routes.length === 0) reportUnchecked(loaded, deps);
  return release(pass);
}

/** What came of one route. `leftBehind` - why there may be a row of ours still. */
interface CleanUp {
  removed: readonly string[];
  leftBehind?: string;
}

/** @throws always when it has to come back; the status is written by then */
async function removeThrough(
  route: RemovalRoute,
  mayHaveRows: boolean,
  pass: FinalizePass,
): Promise<CleanUp | 'waiting'> {
  const { integration: loaded, deps } = pass;
  try {
    return await withLogin(route.connection, pass, (session) => cleanUpThrough(session, route, pass));
  } catch (error) {
    // The next try shall see CodeMie as it is then.
    deps.memory.forgetChange(loaded.key);
    const isOver = error instanceof LoginDeletedError && error.giveUpAtMs <= deps.now();
    if (!isOver) return wait(pass, error);
    if (!mayHaveRows || route.because === 'named') return { removed: [] };
    return { removed: [], leftBehind: 'the Secrets of its connection are gone' };
  }
}

/** The operator does not follow connections of the kind. Another one may, so that nothing is orphaned. */
class UnwatchedConnection extends Error {
  override readonly name = 'OutOfSight';

  constructor(connection: string) {
    super(
      `The operator of this namespace does not serve ClusterCodeMieConnection "${connection}". Ask for --cluster-connections=true, or set deletionPolicy: Orphan.`,
    );
  }
}

/** Says what the clean-up waits for. @throws always, to come back */
async function wait(pass: FinalizePass, error: unknown): Promise<never> {
  const { integration: loaded, deps } = pass;
  const what = loaded.status.registration
    ? 'The integration is still in CodeMie'
    : 'An integration may still be in CodeMie';
  const message = `${what}: ${explain(error)}`;
  await writeDeleting(pass, { status: 'Unknown', reason: 'Deleting', message });
  const atMs = error instanceof LoginDeletedError ? error.giveUpAtMs : retryAtMs(error);
  if (atMs !== undefined)
    throw new RetryAfterError(message, waitUntil(atMs, deps.now()), {
      cause: error,
    });
  throw error;
}

function retryAtMs(error: unknown): number | undefined {
  return error instanceof CodeMieError ? error.retryAtMs : undefined;
}

/**
 * Removes our rows by a listing that began after the deletion was noticed. Many who are deleted at the same time wait
 * for the same one, and hold no worker in the meantime.
 */
async function cleanUpThrough(
  session: Session,
  { connection, because, isLast }: RemovalRoute,
  { integration, deps, signal }: FinalizePass,
): Promise<CleanUp | 'waiting'> {
  const {
    object,
    status: { registration },
    key,
    namespace,
    name,
  } = integration;
  const place: Place | undefined = registration ?? parsePlace(object['spec']);
  const scope = place?.scope ?? 'Project';
  const { uid: connectionUID } = connection.metadata;
  // The memory has room for one connection, and where many are deleted at once they have the last one in common.
  const noticed = isLast ? deps.memory.lastChange(key, connectionUID) : undefined;
  if (isLast && noticed?.kind !== 'deleting') {
    deps.memory.rowsChanged(key, { kind: 'deleting', connectionUID, atMs: deps.now() });
    awaitListing(key, scope, session, deps);
    return 'waiting';
  }
  const owner = ownerMark(deps.clusterName, namespace, name);
  const rows = await session.rows(scope, signal, noticed?.atMs ?? deps.now());
  const leads = registration !== undefined && pointsToServerOf(connection, registration);
  const ours = rowsToRemove(rows, owner, place, leads ? registration : undefined);
  await removeSettings(ours, session, { deps, signal });
  const gone = { kind: 'removed', connectionUID, atMs: deps.now() } as const;
  if (isLast) deps.memory.rowsChanged(key, gone);
  // Who is left as the only one is woken, and shall not see in an older listing what is gone.
  const left = onlyNeighbour(object, deps.integrations);
  if (left && !deps.memory.lastChange(keyOf(left), connectionUID)) deps.memory.rowsChanged(keyOf(left), gone);
  const removed = ours.map(({ id }) => id);
  if (because === 'registered' && registration && !leads && !removed.includes(registration.id))
    return { removed, leftBehind: 'the connection leads to another server now' };
  // That the spec names a connection says nothing about what is there.
  if (because === 'named' || place?.scope !== 'Project') return { removed };
  if (removed.length === 0 && !(await sees(place.project, session, signal)))
    return { removed, leftBehind: "its connection's login does not see the project any more" };
  if (!leads || rows.byId(registration.id) || because !== 'registered') return { removed };
  // To an administrator of CodeMie everything is listed, so that it is gone.
  if (seesAllProjects(await session.account(signal))) return { removed };
  const outcome = await session.client.removeUnlisted(registration.id, signal);
  return outcome === 'outOfSight' ? { removed, leftBehind: transferred } : { removed };
}

/** CodeMie's transfer takes an integration along with its id, also to where no one here may remove it. */
const transferred = "it was transferred to a project that its connection's login does not administer";

/** Where a row of ours may be. */
interface Place {
  scope: Scope;
  project: string;
}

/**
 * Whether CodeMie would list the integrations of the project: it lists none to a login that is not an administrator
 * of it, and does not say so.
 *
 * @throws CodeMieError `accessDenied` when that can be fixed
 */
async function sees(project: string, session: Session, signal: AbortSignal): Promise<boolean> {
  const account = await session.account(signal, 0);
  if (mayWriteProject(account, project)) return true;
  if ((await session.findProject(project, signal, 0)) !== 'found') return false;
  throw new CodeMieError({
    kind: 'accessDenied',
    message: `The connection's login ${account.name} is not an administrator of project "${project}".`,
    hint: 'Make it one in CodeMie, or set deletionPolicy: Orphan.',
  });
}

function explain(error: unknown): string {
  if (error instanceof CodeMieError) return `${error.message} ${error.hint}`;
  const isForUsers =
    error instanceof ValueFault ||
    error instanceof InvalidConnection ||
    error instanceof UnwatchedConnection ||
    error instanceof LoginDeletedError;
  return isForUsers ? error.message : 'It could not be removed.';
}

async function release({ integration: snapshot, deps, signal }: FinalizePass): Promise<Result> {
  await removeFinalizer(deps.kube, gitIntegrations, snapshot.object, REGISTRATION_FINALIZER, signal);
  deps.memory.finalizerRemoved(snapshot.key);
  return {};
}

/**
 * Cleans up after an object that ended in the middle of a write to CodeMie, finalizer or not. The API server looks for
 * finalizers before it deletes and not again, so that one which is added in between holds nothing back
 * (`Store.Delete` of k8s.io/apiserver, pkg/registry/generic/registry/store.go). Or someone took them away.
 *
 * @param uid of the object that has the name now, if there is one
 * @returns whether there was something to clean up; the key is checked again then
 * @throws as `finalize`
 */
export async function finalizeVanished(
  key: ObjectKey,
  uid: string | undefined,
  { deps, signal }: Pick<Pass, 'deps' | 'signal'>,
): Promise<boolean> {
  const object = deps.memory.unrecordedOther(key, uid);
  if (!object) return false;
  // An API server that lags behind the others fills the cache with a past in which the object is yet to come.
  const now = await deps.kube.get(gitIntegrations, key, signal);
  if (now?.metadata.uid === object.metadata.uid) return false;
  const loaded = { ...withoutForgedRegistration(parseIntegration(object), deps.digestKey), deleting: true };
  await finalize({ integration: loaded, report: startReport(loaded), deps, signal });
  deps.wake(key);
  return true;
}
