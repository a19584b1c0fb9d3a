import type { Condition } from '../api/v1alpha1/shared.ts';
import type { EventDetails } from '../kube/events.ts';

/** Reasons of `Reconciling` that say a Git host does not respond as it should. */
export const providerOutages: ReadonlySet<string> = new Set([
  'ProviderUnreachable',
  'ProviderError',
  'TLSUntrusted',
  'ClientCertificateRequired',
]);

/** Reasons of `Reconciling` that say CodeMie or its identity provider does not respond as it should. */
export const codeMieOutages: ReadonlySet<string> = new Set(['CodeMieUnreachable', 'TLSUntrusted']);

/**
 * The event for an outage that began or ended while `Ready` stayed True. Every other change of readiness has its own
 * event.
 *
 * @param outages reasons of `Reconciling` that count as an outage
 */
export function outageNews(
  previous: readonly Condition[],
  conditions: readonly Condition[],
  outages: ReadonlySet<string>,
): EventDetails | undefined {
  const ready = readyOf(conditions);
  if (ready?.status !== 'True' || readyOf(previous)?.status !== 'True') return undefined;
  const before = outageOf(previous, outages);
  const now = outageOf(conditions, outages);
  if (now && !before) return { type: 'Warning', reason: now.reason, action: 'Reconcile', note: now.message };
  // Something else may have come in the way of the check, which then says nothing about the outage.
  if (before && !conditions.some(({ type }) => type === 'Reconciling'))
    return {
      type: 'Normal',
      reason: 'Recovered',
      action: 'Reconcile',
      note: `Confirmed again: ${ready.message}`,
    };
  return undefined;
}

function readyOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.find(({ type }) => type === 'Ready');
}

function outageOf(conditions: readonly Condition[], outages: ReadonlySet<string>): Condition | undefined {
  return conditions.find(({ type, reason }) => type === 'Reconciling' && outages.has(reason));
}
