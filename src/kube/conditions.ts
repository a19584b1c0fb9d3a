import { rfc3339 } from '../lib/time.ts';

/**
 * One entry of `status.conditions`.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
 */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for programs. */
  reason: string;
  /** For people. */
  message: string;
  /** RFC 3339, whole seconds: when `status` last changed. */
  lastTransitionTime: string;
  /** The `metadata.generation` this is about. */
  observedGeneration?: number | undefined;
}

/**
 * Sets a condition and returns the new list; the old one stays as it is. `lastTransitionTime` moves only when
 * `status` changes, so that "since when" stays true when just the reason or message does.
 *
 * @param nowMs epoch milliseconds
 */
export function setCondition(
  conditions: readonly Condition[],
  condition: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): Condition[] {
  const former = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = former?.status === condition.status ? former.lastTransitionTime : rfc3339(nowMs);
  const next = { ...condition, lastTransitionTime };
  if (former === undefined) return [...conditions, next];
  return conditions.map((each) => (each === former ? next : each));
}
