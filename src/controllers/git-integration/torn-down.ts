import { CodeMieError } from '../../codemie/codemie-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { durations } from '../../lib/durations.ts';
import type { Session } from '../codemie-connection/session.ts';
import { ValueFault } from '../value-reader.ts';
import type { Deps } from './deps.ts';
import type { Known } from './load.ts';
import type { Pass } from './pass.ts';

/** How long the Secret of a login is waited for that was deleted together with its connection. */
const graceMs = durations.integrations.tearDownGraceMs;

/**
 * The login of a connection is gone, the connection or its namespace is being deleted too, and this process has no
 * session from before that still works.
 */
export class TornDown extends Error {
  override readonly name = 'TornDown';
  /** Until when it is worth waiting for the Secret, epoch milliseconds. */
  readonly endsAtMs: number;

  constructor(fault: ValueFault, endsAtMs: number) {
    super(
      `${fault.sentence} The connection is being deleted too, so create the Secret again within 5 minutes, or the integration is left behind; to avoid this in Git, keep the Secret of a login in an earlier wave or out of pruning.`,
      { cause: fault },
    );
    this.endsAtMs = endsAtMs;
  }
}

type TearDownDeps = Pick<Deps, 'sessions' | 'namespaces' | 'operatorNamespace' | 'now'>;

/**
 * Cleans up through a connection. Where its Secrets were deleted with it, or with their namespace, the session that this
 * process has from before goes on: a deletion of everything at once has no order.
 *
 * @throws TornDown; what `Sessions.open` and `work` throw
 */
export async function withLogin<T>(
  connection: KubeObject,
  { integration: { object }, deps, signal }: Pass<TearDownDeps, Known>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await work(await deps.sessions.open(connection, signal));
  } catch (error) {
    const endsAtMs = endOfWaiting(connection, object, deps);
    if (!(error instanceof ValueFault) || endsAtMs === undefined) throw error;
    const last = deps.sessions.last(connection.metadata.uid);
    const fault = new TornDown(error, endsAtMs);
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
function endOfWaiting(
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
