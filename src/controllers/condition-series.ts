import type { Condition } from '../api/v1alpha1/shared.ts';
import { labelText } from '../observability/exposition.ts';

/** What the conditions of many objects say, in a form that is quickly shown and costs little memory. */
export interface ConditionSeries {
  /** Records the conditions of an object. `labels` name it, as text. */
  set(key: string, labels: string, conditions: readonly Condition[]): void;
  delete(key: string): void;
  /** A series of value 1 for `Ready` of each object, and for each other condition that asks for attention. */
  series: () => Iterable<readonly [labels: string, value: 1]>;
  /** How many objects have a condition with a status and a reason. */
  counts: () => Iterable<readonly [labels: string, objects: number]>;
}

/** Equal conditions of many objects, kept once. */
interface State {
  name: string;
  objects: number;
  all: readonly string[];
  shown: readonly string[];
}

/** Present only while they hold. */
const abnormal = new Set(['Reconciling', 'Stalled', 'CredentialExpiring', 'Drifted', 'UsageLimited']);

/** Makes it, without objects. */
export function createConditionSeries(): ConditionSeries {
  const objects = new Map<string, { labels: string; state: State }>();
  const states = new Map<string, State>();

  function enter(conditions: readonly Condition[]): State {
    const all = conditions.map(textOf);
    const name = all.join(' ');
    const shown = conditions.filter(asksForAttention).map(textOf);
    const state = states.get(name) ?? { name, objects: 0, all, shown };
    state.objects += 1;
    states.set(name, state);
    return state;
  }

  function leave(key: string): void {
    const state = objects.get(key)?.state;
    if (!state) return;
    state.objects -= 1;
    if (state.objects === 0) states.delete(state.name);
  }

  return {
    set(key, labels, conditions) {
      const state = enter(conditions);
      leave(key);
      objects.set(key, { labels, state });
    },
    delete(key) {
      leave(key);
      objects.delete(key);
    },
    *series() {
      for (const { labels, state } of objects.values())
        for (const condition of state.shown) yield [`${labels},${condition}`, 1];
    },
    *counts() {
      const counts = new Map<string, number>();
      for (const state of states.values())
        for (const condition of state.all)
          counts.set(condition, (counts.get(condition) ?? 0) + state.objects);
      yield* counts;
    },
  };
}

function textOf({ type, status, reason }: Condition): string {
  return labelText({ type, status, reason });
}

/** `Ready` always; else what is not as it should be. A provider that does not report permissions is no trouble. */
function asksForAttention({ type, status, reason }: Condition): boolean {
  if (type === 'Ready') return true;
  if (abnormal.has(type)) return status === 'True';
  return status !== 'True' && reason !== 'NotReported';
}
