import { rowsToRemove } from '../../domain/registration-plan.ts';
import { type ObservedSetting, ownerMark } from '../../domain/setting.ts';
import { InvalidConnection } from '../codemie-connection/sessions.ts';
import { ValueFault } from '../value-reader.ts';
import { connectionByUid, leadsTo, type ResolvedConnection } from './connection.ts';
import { waiting } from './halt.ts';
import { reportOrphaned } from './orphans.ts';
import type { Pass } from './pass.ts';
import { removeSettings } from './settings-writer.ts';
import { TornDown, withLogin } from './torn-down.ts';

/**
 * After a change of `connectionRef`, or of the URL of the connection: what was made at the former place goes, unless
 * both lead to the same row or it is to stay there. It happens before the status forgets the former place, so that a
 * failure is tried again. Nothing is ever removed through a connection that leads elsewhere by now.
 *
 * @throws Halt while the former connection does not work; CodeMieError
 */
export async function leaveFormerPlace(
  pass: Pass,
  { object }: ResolvedConnection,
  kept: ObservedSetting,
): Promise<void> {
  const { integration, deps, signal } = pass;
  const { status, namespace, name, spec } = integration;
  const former = status.registration;
  if (!former || leadsTo(object, former) || former.id === kept.id) return;
  if (spec.deletionPolicy === 'Orphan') return;
  const connection = connectionByUid(former.connectionUID, deps);
  if (!connection) {
    reportOrphaned(integration, 'its former connection is gone', deps);
    return;
  }
  if (!leadsTo(connection, former)) {
    reportOrphaned(integration, 'the connection leads to another server now', deps);
    return;
  }
  try {
    await withLogin(connection, pass, async (session) => {
      const rows = await session.rows(former.scope, signal, deps.now());
      const owner = ownerMark(deps.clusterName, namespace, name);
      const left = rowsToRemove(rows, owner, former, former).filter(({ id }) => id !== kept.id);
      await removeSettings(left, session, { deps, signal });
    });
  } catch (error) {
    if (error instanceof TornDown && error.endsAtMs <= deps.now())
      reportOrphaned(integration, 'the Secrets of its former connection are gone', deps);
    else explain(error);
  }
}

function explain(error: unknown): never {
  const isNotReady =
    error instanceof ValueFault || error instanceof InvalidConnection || error instanceof TornDown;
  if (!isNotReady) throw error;
  const message =
    'The integration is registered, but its previous copy could not be removed because the former connection is not Ready. Fix or delete that connection.';
  const next =
    error instanceof TornDown
      ? ({ kind: 'at', atMs: error.endsAtMs } as const)
      : ({ kind: 'retry' } as const);
  throw waiting('Registered', 'ConnectionNotReady', message, next, error);
}
