import { z } from 'zod';
import type { KubeObject, ObjectKey, Resource } from '../../../src/kube/object.ts';
import { type Kstatus, kstatus } from '../../harness/gitops/kstatus.ts';
import type { History } from '../../harness/history.ts';

/** Something that happens, and what a GitOps tool sees of it. */
export interface Stage {
  /** Continues "when …". */
  name: string;
  act: () => unknown;
  /** The condition Ready at the end, as `True/Ready`; and, after a plus sign, another condition that is True. */
  end: string;
  /** What kstatus says from the version before to the last one, each only where it differs from the one before. */
  path: readonly Kstatus[];
  /** Whether the spec has been handled at the end. Default true. */
  handled?: boolean;
}

/** Lets it happen, and returns what kstatus made of every version that came of it. */
export async function walk(
  history: History,
  resource: Resource,
  key: ObjectKey,
  { name, act, end, handled = true }: Stage,
): Promise<Kstatus[]> {
  const before = history.versionsOf(resource, key);
  await act();
  await history.until(`${end} when ${name}`, resource, key, (object) => {
    if (!object) return end === 'gone';
    return object !== before.at(-1) && isHandled(object) === handled && endOf(object) === end;
  });
  const seen = history
    .versionsOf(resource, key)
    .slice(Math.max(before.length - 1, 0))
    .map(kstatus);
  return seen.filter((status, index) => status !== seen[index - 1]);
}

function isHandled(object: KubeObject): boolean {
  return statusOf(object).observedGeneration === object.metadata.generation;
}

function endOf(object: KubeObject): string {
  const { conditions } = statusOf(object);
  const is = conditions.find(({ type }) => type === 'Ready');
  const marks = conditions.filter(
    ({ type, status }) => status === 'True' && (type === 'Reconciling' || type === 'Stalled'),
  );
  return [`${is?.status}/${is?.reason}`, ...marks.map(({ type }) => type)].join('+');
}

const wireStatus = z.object({
  observedGeneration: z.int(),
  conditions: z
    .array(
      z.object({
        type: z.string(),
        status: z.string(),
        reason: z.string(),
        message: z.string(),
        observedGeneration: z.int(),
      }),
    )
    .default([]),
  registration: z.object({ alias: z.string() }).optional(),
  account: z.object({ name: z.string() }).optional(),
});

/** The status of a version as it is on the wire. Every version of our kinds has one, by the default of the definition. */
export function statusOf(object: KubeObject): z.output<typeof wireStatus> {
  return wireStatus.parse(object['status']);
}
