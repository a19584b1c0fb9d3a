import { ownerMark } from '../../domain/setting.ts';
import type { Deps } from './deps.ts';
import type { Known } from './load.ts';

/**
 * Tells that an integration is left behind in CodeMie because nothing can be done about it any more: as an event, in
 * the log, which outlives a namespace, and as a count. The owner mark lets somebody find it later.
 *
 * @param why ends the sentence that begins with "because"
 */
export function reportOrphaned(
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
  { object, key, namespace, name }: Known,
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
