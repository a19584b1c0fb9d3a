import { REGISTRATION_FINALIZER } from '../../api/group.ts';
import { keepsRow, parsePlace } from '../../api/v1alpha1/git-integration-spec.ts';
import type { Registration } from '../../api/v1alpha1/git-integration-status.ts';
import { CodeMieError } from '../../codemie/codemie-error.ts';
import { serverKey } from '../../domain/claim.ts';
import { type ObservedSetting, ownerMark, type Scope } from '../../domain/git-setting.ts';
import { rowsToRemove } from '../../domain/registration-plan.ts';
import type { KubeObject } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { Session } from '../codemie-connection/session.ts';
import { InvalidConnection } from '../codemie-connection/session-pool.ts';
import { ValueFault } from '../value-reader.ts';
import { signedRegistration } from './claim.ts';
import {
  allows,
  connectionByUid,
  findConnection,
  isWorking,
  pointsToServerOf,
  serverOf,
} from './connection.ts';
import { Halt, waiting } from './halt.ts';
import type { Deps, Integration, Pass, ResolvedConnection, Snapshot } from './pass.ts';
import { removeSettings } from './settings-writer.ts';

/** What the routes to the removal of a row are found with. */
export type RouteDeps = Pick<
  Deps,
  'clusterConnections' | 'connections' | 'namespaces' | 'memory' | 'digestKey'
>;

/**
 * A connection through which a row of an object may be removed, and why: the status has a registration made through it,
 * this process wrote through it, or the spec merely names it and it allows the namespace and the project. A finalizer
 * alone opens nothing, as anyone who may write the object can set it.
 */
export interface RemovalRoute {
  connection: KubeObject;
  because: 'registered' | 'written' | 'named';
  isLast: boolean;
}

type Found = Omit<RemovalRoute, 'isLast'>;

/** Where and through what the rows of one object may be removed. */
export interface RemovalRoutes {
  /** The one that the registration was made through comes last. */
  routes: RemovalRoute[];
  /** Signed by this operator. */
  registration: Registration | undefined;
  /** Whether there is, or may be, a row: by a registration or a write of this process. */
  mayHaveRows: boolean;
}

/** Finds the connections that the end of an object may use. */
export function findRemovalRoutes(object: KubeObject, deps: RouteDeps): RemovalRoutes {
  const registration = signedRegistration(object, deps);
  const written = deps.memory.connectionsOf(object);
  const mayHaveRows = registration !== undefined || written.size > 0;
  const through = (uid: string, because: RemovalRoute['because']): Found[] => {
    const connection = connectionByUid(uid, deps);
    return connection ? [{ connection, because }] : [];
  };
  const found = [
    ...[...written]
      .filter((uid) => uid !== registration?.connectionUID)
      .flatMap((uid) => through(uid, 'written')),
    ...(registration ? through(registration.connectionUID, 'registered') : []),
  ];
  const named = namedConnection(object, deps);
  const missing = named && !found.some(({ connection }) => connection.metadata.uid === named.metadata.uid);
  // A process that was killed after a change of connectionRef may have left a row there. That is rare, so that no object
  // waits for a connection that does not work.
  if (missing && (found.length === 0 || isWorking(named)))
    found.unshift({ connection: named, because: 'named' });
  const routes = found.map((route, index) => ({ ...route, isLast: index === found.length - 1 }));
  return { routes, registration, mayHaveRows };
}

/** The connection that the spec names, if it allows this. */
function namedConnection(object: KubeObject, deps: RouteDeps): KubeObject | undefined {
  const place = parsePlace(object['spec']);
  if (!place) return undefined;
  const { namespace = '' } = object.metadata;
  const connection = findConnection(place.connectionRef, namespace, deps);
  return connection && allows(connection, namespace, place.project, deps) ? connection : undefined;
}

/** Whether an integration still needs that connection to clean CodeMie up. One that is to stay there does not. */
export function needsCleanUp(integration: KubeObject, connection: KubeObject, deps: RouteDeps): boolean {
  if (!integration.metadata.finalizers?.includes(REGISTRATION_FINALIZER)) return false;
  if (keepsRow(integration['spec'])) return false;
  return findRemovalRoutes(integration, deps).routes.some(
    (route) => route.connection.metadata.uid === connection.metadata.uid,
  );
}

/** How long the Secret of a login is waited for that was deleted together with its connection. */
const graceMs = durations.integrations.tearDownGraceMs;

/**
 * The login of a connection is gone, the connection or its namespace is being deleted too, and this process has no
 * session from before that still works.
 */
export class LoginDeletedError extends Error {
  override readonly name = 'LoginDeletedError';
  /** Until when it is worth waiting for the Secret, epoch milliseconds. */
  readonly giveUpAtMs: number;

  constructor(fault: ValueFault, giveUpAtMs: number) {
    super(
      `${fault.sentence} The connection is being deleted too, so create the Secret again within 5 minutes, or the integration is left behind; to avoid this in Git, keep the Secret of a login in an earlier wave or out of pruning.`,
      { cause: fault },
    );
    this.giveUpAtMs = giveUpAtMs;
  }
}

type TearDownDeps = Pick<Deps, 'sessions' | 'namespaces' | 'operatorNamespace' | 'now'>;

/**
 * Cleans up through a connection. Where its Secrets were deleted with it, or with their namespace, the session that this
 * process has from before goes on: a deletion of everything at once has no order.
 *
 * @throws LoginDeletedError; what `SessionPool.open` and `work` throw
 */
export async function withLogin<T>(
  connection: KubeObject,
  { integration: { object }, deps, signal }: Pass<TearDownDeps, Snapshot>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await work(await deps.sessions.open(connection, signal));
  } catch (error) {
    const giveUpAtMs = giveUpAt(connection, object, deps);
    if (!(error instanceof ValueFault) || giveUpAtMs === undefined) throw error;
    const last = deps.sessions.last(connection.metadata.uid);
    const fault = new LoginDeletedError(error, giveUpAtMs);
    if (!last) throw fault;
    return await work(await last).catch((failure: unknown) => {
      throw failure instanceof CodeMieError && failure.kind === 'unauthorized' ? fault : failure;
    });
  }
}

/**
 * Until when a missing Secret of the connection is waited for, epoch milliseconds. Undefined while neither the connection
 * nor the namespace of the Secret is being deleted. In such a namespace nothing can be created any more, so that there
 * is nothing to wait for.
 */
function giveUpAt(
  { metadata: { namespace, deletionTimestamp } }: KubeObject,
  object: KubeObject,
  { namespaces, operatorNamespace }: TearDownDeps,
): number | undefined {
  const home = namespaces.get(namespace ?? operatorNamespace);
  if (home?.metadata.deletionTimestamp !== undefined) return 0;
  if (deletionTimestamp === undefined) return undefined;
  const since = [deletionTimestamp, object.metadata.deletionTimestamp ?? deletionTimestamp];
  return Math.max(...since.map((time) => Date.parse(time))) + graceMs;
}

/**
 * After a change of `connectionRef`, or of the URL of the connection: what was made at former places goes, unless it is
 * the same row or it is to stay there. Former places are the one that the status has, and those that this process wrote to
 * in the meantime: an integration may move on before the status records where it was. It happens before the status
 * records the present place, so that a failure is retried. Nothing is ever removed through a connection that leads
 * elsewhere by now.
 *
 * @throws Halt while a former connection does not work; CodeMieError
 */
export async function leaveFormerPlaces(
  pass: Pass & { connection: ResolvedConnection },
  kept: ObservedSetting,
): Promise<void> {
  const { integration, connection: present, deps } = pass;
  if (integration.spec.deletionPolicy === 'Orphan') return;
  const { registration } = integration.status;
  if (registration && !pointsToServerOf(present.object, registration) && registration.id !== kept.id)
    await leave({ ...registration, registration }, kept, pass);
  const here = { connectionUID: present.uid, server: serverKey(present.spec.url) };
  for (const write of deps.memory.writesElsewhere(integration.object, here)) {
    if (!isRecorded(write, registration)) await leave(placeOf(write, integration), kept, pass);
    deps.memory.writeLeft(integration.key, write);
  }
}

/**
 * While an integration can't be registered where its spec wants it now, what this process wrote to other servers goes,
 * as far as no status records it: nothing reports that it is there, and a process that dies forgets it. What the status
 * records stays in use until the present place works.
 *
 * @returns whether nothing of it is left
 */
export async function leaveUnrecordedPlaces(pass: Pass): Promise<boolean> {
  const { integration, deps } = pass;
  const { spec, namespace, status } = integration;
  if (spec.deletionPolicy === 'Orphan') return true;
  const named = findConnection(spec.connectionRef, namespace, deps);
  const server = named && serverOf(named);
  if (!named || server === undefined) return true;
  const here = { connectionUID: named.metadata.uid, server };
  for (const write of deps.memory.writesElsewhere(integration.object, here)) {
    // The row of another connection to the same server is the one that this place adopts.
    if (write.server === server || isRecorded(write, status.registration)) continue;
    try {
      await leave(placeOf(write, integration), undefined, pass);
    } catch (error) {
      if (error instanceof Halt || error instanceof CodeMieError) return false;
      throw error;
    }
    deps.memory.writeLeft(integration.key, write);
  }
  return true;
}

/** Where a write of this process led. */
type FormerWrite = Pick<FormerPlace, 'connectionUID' | 'server'>;

function isRecorded({ connectionUID, server }: FormerWrite, registration: Registration | undefined): boolean {
  return connectionUID === registration?.connectionUID && server === serverKey(registration.server);
}

function placeOf(
  { connectionUID, server }: FormerWrite,
  { spec: { scope, project } }: Integration,
): FormerPlace {
  return { connectionUID, server, scope, project, registration: undefined };
}

/** Where a row of an integration was made that is elsewhere now. */
interface FormerPlace {
  connectionUID: string;
  server: string;
  scope: Scope;
  project: string;
  /** The one of the status, if that is about this place. */
  registration: Registration | undefined;
}

/** @throws Halt while the connection does not work; CodeMieError */
async function leave(former: FormerPlace, kept: ObservedSetting | undefined, pass: Pass): Promise<void> {
  const { integration, deps, signal } = pass;
  const { namespace, name, status } = integration;
  const { registration } = former;
  const leaveBehind = (why: string): void =>
    reportOrphaned({ ...integration, status: { ...status, registration } }, why, deps);
  const connection = connectionByUid(former.connectionUID, deps);
  if (!connection) return leaveBehind('its former connection is gone');
  const leadsThere = registration
    ? pointsToServerOf(connection, registration)
    : serverOf(connection) === former.server;
  if (!leadsThere) return leaveBehind('the connection leads to another server now');
  try {
    await withLogin(connection, pass, async (session) => {
      const rows = await session.rows(former.scope, signal, deps.now());
      const owner = ownerMark(deps.clusterName, namespace, name);
      const left = rowsToRemove(rows, owner, former, registration).filter(({ id }) => id !== kept?.id);
      await removeSettings(left, session, { deps, signal });
    });
  } catch (error) {
    if (error instanceof LoginDeletedError && error.giveUpAtMs <= deps.now())
      leaveBehind('the Secrets of its former connection are gone');
    else explain(error);
  }
}

function explain(error: unknown): never {
  const isNotReady =
    error instanceof ValueFault || error instanceof InvalidConnection || error instanceof LoginDeletedError;
  if (!isNotReady) throw error;
  const message =
    'The integration is registered, but its previous copy could not be removed because the former connection is not Ready. Fix or delete that connection.';
  const next =
    error instanceof LoginDeletedError
      ? ({ kind: 'at', atMs: error.giveUpAtMs } as const)
      : ({ kind: 'retry' } as const);
  throw waiting('Registered', 'ConnectionNotReady', message, next, error);
}

/**
 * Reports that an integration is left behind in CodeMie because nothing can be done about it any more: as an event, in
 * the log, which outlives a namespace, and as a count. The owner mark lets someone find it later.
 *
 * @param why ends the sentence that begins with "because"
 */
export function reportOrphaned(
  { object, key, namespace, name, status: { registration } }: Snapshot,
  why: string,
  { clusterName, events, metrics, log }: Pick<Deps, 'clusterName' | 'events' | 'metrics' | 'log'>,
): void {
  const owner = ownerMark(clusterName, namespace, name);
  // Without a registration there may still be a row, made by a create that no one saw the end of.
  const what = registration
    ? `Integration ${registration.id} ("${registration.alias}")`
    : 'Possibly an integration';
  events.record(object, {
    type: 'Warning',
    reason: 'RegistrationOrphaned',
    action: 'Finalize',
    note: `${what} stays in CodeMie, because ${why}. Remove it there; its key managed_by is ${owner}.`,
  });
  log.warn({ key, id: registration?.id, managedBy: owner, why }, 'An integration was left behind in CodeMie');
  metrics.orphaned();
}

/**
 * Reports that CodeMie was not checked for an integration of an object that has the finalizer, and neither a registration
 * nor a connection that it may use. Only a process that was killed within the second of its first write leaves one, and
 * anyone who may write the object can set the finalizer, so that this raises no alarm.
 */
export function reportUnchecked(
  { object, key, namespace, name }: Snapshot,
  { clusterName, events, log }: Pick<Deps, 'clusterName' | 'events' | 'log'>,
): void {
  const owner = ownerMark(clusterName, namespace, name);
  events.record(object, {
    type: 'Normal',
    reason: 'NothingRegistered',
    action: 'Finalize',
    note: `Nothing was registered as far as the status says, and no connection may be used to check that. In CodeMie its key managed_by would be ${owner}.`,
  });
  log.info({ key, managedBy: owner }, 'CodeMie was not asked for an integration that is not registered');
}
