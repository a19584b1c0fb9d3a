import type { ConditionDescription } from '../api/conditions.ts';
import type { Condition } from '../api/v1alpha1/shared.ts';
import type { Finding } from '../domain/readiness.ts';
import { setCondition } from '../kube/conditions.ts';
import type { EventDetails } from '../kube/events.ts';
import { ownMember } from '../lib/names.ts';

/** No one reads more of a condition than a kilobyte. */
const longestMessage = 1024;

/**
 * The whole list of conditions: what is wanted and nothing else, sorted, so that the same findings make the same
 * bytes. A condition whose status stays keeps its transition time; one that was kept as it is keeps its generation.
 *
 * @param now epoch milliseconds
 */
export function mergeConditions(
  wanted: Readonly<Partial<Record<string, Finding>>>,
  previous: readonly Condition[],
  generation: number,
  now: number,
): Condition[] {
  let list: Condition[] = previous.filter(({ type }) => ownMember(wanted, type) !== undefined);
  for (const [type, finding] of Object.entries(wanted)) {
    if (!finding) continue;
    const { status, reason, message, observedGeneration = generation } = finding;
    list = setCondition(list, { type, status, reason, message: cut(message), observedGeneration }, now);
  }
  return list.toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

/** The conditions that are ours: other controllers may have added some, which are theirs to change. */
export function ownConditions(
  conditions: readonly Condition[] | undefined,
  known: readonly ConditionDescription[],
): Condition[] | undefined {
  return conditions?.filter((condition) => known.some(({ type }) => type === condition.type));
}

function cut(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message;
}

/** Equal but for the order of fields, which the API server sorts in its own way, and for fields that are undefined. */
export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sortFields(a)) === JSON.stringify(sortFields(b));
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, sortFields(field)] as const)
      .toSorted(([x], [y]) => (x < y ? -1 : 1)),
  );
}

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
