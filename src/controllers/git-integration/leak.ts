import { ownerMark } from '../../domain/setting.ts';
import type { Deps } from './deps.ts';
import type { Known } from './load.ts';

/**
 * Tells that an integration is left behind in CodeMie because nothing can be done about it any more: as an event, in
 * the log, which outlives a namespace, and as a count. The owner mark lets somebody find it later.
 *
 * @param why ends the sentence that begins with "because"
 */
export function tellLeak(
  { object, key, namespace, name, status: { registration } }: Known,
  why: string,
  { clusterName, events, metrics, log }: Pick<Deps, 'clusterName' | 'events' | 'metrics' | 'log'>,
): void {
  const owner = ownerMark(clusterName, namespace, name);
  // Without a registration there may still be a row, made by a create that nobody saw the end of.
  const what = registration
    ? `Integration ${registration.id} ("${registration.alias}")`
    : 'Possibly an integration';
  events.record(object, {
    type: 'Warning',
    reason: 'RegistrationLeaked',
    action: 'Finalize',
    note: `${what} stays in CodeMie, because ${why}. Remove it there; its key managed_by is ${owner}.`,
  });
  log.warn({ key, id: registration?.id, managedBy: owner, why }, 'An integration was left behind in CodeMie');
  metrics.leaked();
}
