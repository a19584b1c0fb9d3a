import { REGISTRATION_FINALIZER } from '../../api/group.ts';
import { keepsRow, parsePlace } from '../../api/v1alpha1/git-integration-spec.ts';
import type { Registration } from '../../api/v1alpha1/git-integration-status.ts';
import type { KubeObject } from '../../kube/object.ts';
import { signedRegistration } from './claim.ts';
import { allows, connectionByUid, findConnection, isWorking } from './connection.ts';
import type { Deps } from './deps.ts';

/** What the way of a row to its removal is found with. */
export type WayDeps = Pick<
  Deps,
  'clusterConnections' | 'connections' | 'namespaces' | 'unrecorded' | 'digestKey'
>;

/**
 * A connection through which a row of an object may be removed, and why: the status has a registration made through it,
 * this process wrote through it, or the spec merely names it and it allows the namespace and the project. A finalizer
 * alone opens nothing, as anyone who may write the object can set it.
 */
export interface Way {
  connection: KubeObject;
  because: 'registered' | 'written' | 'named';
  isLast: boolean;
}

type Found = Omit<Way, 'isLast'>;

/** Where and through what the rows of one object may be removed. */
export interface CleanUpWays {
  /** The one that the registration was made through comes last. */
  ways: Way[];
  /** Signed by this operator. */
  registration: Registration | undefined;
  /** Whether there is, or may be, a row: by a registration or a write of this process. */
  known: boolean;
}

/** Finds the connections that the end of an object may use. */
export function cleanUpWays(object: KubeObject, deps: WayDeps): CleanUpWays {
  const registration = signedRegistration(object, deps);
  const written = deps.unrecorded.connections(object);
  const known = registration !== undefined || written.size > 0;
  const through = (uid: string, because: Way['because']): Found[] => {
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
  const ways = found.map((way, index) => ({ ...way, isLast: index === found.length - 1 }));
  return { ways, registration, known };
}

/** The connection that the spec names, if it allows this. */
function namedConnection(object: KubeObject, deps: WayDeps): KubeObject | undefined {
  const place = parsePlace(object['spec']);
  if (!place) return undefined;
  const { namespace = '' } = object.metadata;
  const connection = findConnection(place.connectionRef, namespace, deps);
  return connection && allows(connection, namespace, place.project, deps) ? connection : undefined;
}

/** Whether an integration still needs that connection to clean CodeMie up. One that is to stay there does not. */
export function needsCleanUp(integration: KubeObject, connection: KubeObject, deps: WayDeps): boolean {
  if (!integration.metadata.finalizers?.includes(REGISTRATION_FINALIZER)) return false;
  if (keepsRow(integration['spec'])) return false;
  return cleanUpWays(integration, deps).ways.some(
    (way) => way.connection.metadata.uid === connection.metadata.uid,
  );
}
