import { z } from 'zod';

/** What kstatus makes of an object that exists. */
export type Kstatus = 'Terminating' | 'InProgress' | 'Failed' | 'Current';

const judged = z.object({
  metadata: z.object({ generation: z.int().optional(), deletionTimestamp: z.string().optional() }),
  status: z
    .object({
      observedGeneration: z.int().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
});

/**
 * The rules of kstatus for a custom kind, from its documentation and not from our code: deletion, then the generation
 * if one was observed, then the first of Reconciling and Stalled that is True, then Ready. An object that says nothing
 * at all is Current.
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
 */
export function kstatus(object: unknown): Kstatus {
  const { metadata, status = {} } = judged.parse(object);
  const { observedGeneration, conditions = [] } = status;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const isOld = observedGeneration !== undefined && observedGeneration !== metadata.generation;
  if (metadata.generation !== undefined && isOld) return 'InProgress';
  const sign = conditions.find(
    ({ type, status: is }) => (type === 'Reconciling' || type === 'Stalled') && is === 'True',
  );
  if (sign) return sign.type === 'Reconciling' ? 'InProgress' : 'Failed';
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
