import { beforeAll, describe, expect, it } from 'vitest';
import type { ConditionDescription } from '../../../src/api/conditions.ts';
import { kinds } from '../../../src/api/kinds.ts';
import { judge, type Verdict } from '../../harness/gitops/judge.ts';
import { type Kstatus, kstatus } from '../../harness/gitops/kstatus.ts';
import { healthScripts } from './health-scripts.ts';

interface Combination {
  /** What it is, for the message of a test that fails. */
  name: string;
  object: {
    kind: string;
    metadata: { generation: number; deletionTimestamp?: string };
    spec: { suspend?: boolean };
    status?: { observedGeneration?: number; conditions?: Condition[] };
  };
}

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

const absent = undefined;
const statuses = ['True', 'False', 'Unknown', absent] as const;
const generation = 3;
const observed = [
  ['this spec was handled', generation],
  ['an earlier spec was handled', generation - 1],
  ['never seen', -1],
] as const;
const time = '2026-11-26T12:00:00Z';

/** Everything that a status can be, whether the operator would write it or not. */
function combinationsOf(kind: string, conditions: readonly ConditionDescription[]): Combination[] {
  const known = conditions.find(({ type }) => type === 'Ready')?.reasons ?? {};
  // One of each class: it works, action required, retrying.
  const classes = ['True', 'False', 'Unknown'].flatMap(
    (status) => Object.entries(known).find(([, reason]) => reason.status === status)?.[0] ?? [],
  );
  const reasons = [...classes, 'AddedByALaterRelease'];
  return observed.flatMap(([known, observedGeneration]) =>
    [absent, true].flatMap((suspend) =>
      [absent, time].flatMap((deletionTimestamp) =>
        statuses.flatMap((Ready) =>
          statuses.flatMap((Reconciling) =>
            statuses.flatMap((Stalled) =>
              reasons.map((reason) => ({
                name: `${known}, suspend ${suspend}, deleted ${deletionTimestamp}, Ready ${Ready}, Reconciling ${Reconciling}, Stalled ${Stalled}: ${reason}`,
                object: {
                  kind,
                  metadata: { generation, ...(deletionTimestamp && { deletionTimestamp }) },
                  spec: { ...(suspend !== undefined && { suspend }) },
                  status: {
                    observedGeneration,
                    conditions: Object.entries({ Ready, Reconciling, Stalled }).flatMap(([type, status]) =>
                      status ? [{ type, status, reason, message: `${type} because of ${reason}.` }] : [],
                    ),
                  },
                },
              })),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Argo CD's word for kstatus's. */
const health: Record<Kstatus, string> = {
  Terminating: 'Progressing',
  InProgress: 'Progressing',
  Failed: 'Degraded',
  Current: 'Healthy',
};

/** What Argo CD should show. kstatus knows no suspension, and calls an object without Ready Current. */
function expected({ object: { metadata, spec, status } }: Combination, said: Kstatus): string {
  if (metadata.deletionTimestamp === undefined && spec.suspend) return 'Suspended';
  const hasReady = status?.conditions?.some(({ type }) => type === 'Ready') ?? false;
  return said === 'Current' && !hasReady ? 'Progressing' : health[said];
}

describe.each(kinds)('the health of a $resource.kind', ({ resource, conditions }) => {
  const combinations = combinationsOf(resource.kind, conditions);
  let verdicts: Verdict[];

  beforeAll(async () => {
    const scripts = await healthScripts();
    verdicts = await judge(
      scripts[resource.kind] ?? '',
      combinations.map(({ object }) => object),
    );
  });

  it('is what kstatus says, in the words of Argo CD', () => {
    const wrong = combinations.filter(
      (each, index) => verdicts[index]?.health.status !== expected(each, kstatus(each.object)),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(new Set(verdicts.map(({ health: { status } }) => status))).toEqual(
      new Set(['Progressing', 'Suspended', 'Degraded', 'Healthy']),
    );
  });

  it('comes with the message of the condition that decides', () => {
    const decides: Record<string, string> = { Degraded: 'Stalled', Healthy: 'Ready' };
    const wrong = combinations.filter(({ object }, index) => {
      const { status = '', message = '' } = verdicts[index]?.health ?? {};
      const type = decides[status];
      const said = object.status?.conditions?.find((condition) => condition.type === type)?.message;
      return !/^\S.*\.$/.test(message) || (type !== undefined && message !== said);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('has a second opinion that is the one of the kstatus library', () => {
    const wrong = combinations.filter(
      ({ object }, index) => verdicts[index]?.kstatus.status !== kstatus(object),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
