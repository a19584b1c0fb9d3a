import { rowsToRemove } from '../../domain/registration-plan.ts';
import { type ObservedSetting, ownerMark } from '../../domain/setting.ts';
import { InvalidConnection } from '../codemie-connection/sessions.ts';
import { ValueFault } from '../value-reader.ts';
import { connectionByUid, leadsTo, type ResolvedConnection } from './connection.ts';
import type { Deps } from './deps.ts';
import { waiting } from './halt.ts';
import { tellLeak } from './leak.ts';
import type { Integration } from './load.ts';
import { removeSettings } from './write-setting.ts';

/**
 * After a change of `connectionRef`, or of the URL of the connection: what was made at the former place goes, unless
 * both lead to the same row or it is to stay there. It happens before the status forgets the former place, so that a
 * failure is tried again. Nothing is ever removed through a connection that leads elsewhere by now.
 *
 * @throws Halt while the former connection does not work; CodeMieError
 */
export async function leaveFormerPlace(
  integration: Integration,
  { object }: ResolvedConnection,
  kept: ObservedSetting,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const { status, namespace, name, spec } = integration;
  const former = status.registration;
  if (!former || leadsTo(object, former) || former.id === kept.id) return;
  if (spec.deletionPolicy === 'Orphan') return;
  const connection = connectionByUid(former.connectionUID, deps);
  if (!connection) {
    tellLeak(integration, 'its former connection is gone', deps);
    return;
  }
  if (!leadsTo(connection, former)) {
    tellLeak(integration, 'the connection leads to another server now', deps);
    return;
  }
  const session = await deps.sessions.open(connection, signal).catch(explain);
  const rows = await session.rows(former.scope, signal, deps.now());
  const owner = ownerMark(deps.clusterName, namespace, name);
  const left = rowsToRemove(rows, owner, former, former).filter(({ id }) => id !== kept.id);
  await removeSettings(left, session, deps.now, signal);
}

function explain(error: unknown): never {
  if (!(error instanceof ValueFault || error instanceof InvalidConnection)) throw error;
  const message =
    'CodeMie has the integration, and another that the former connection, which is not Ready, has to remove. Mend that connection or delete it.';
  throw waiting('Registered', 'ConnectionNotReady', message, { kind: 'retry' }, error);
}
