import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { laneOf } from './watches.ts';

const object = (metadata: Partial<KubeObject['metadata']>, status?: object): KubeObject => ({
  metadata: {
    name: 'acme',
    namespace: 'team-a',
    uid: 'uid',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...metadata,
  },
  ...(status && { status }),
});

describe('laneOf', () => {
  it.each([
    { name: 'handled as it is now', seen: object({ generation: 2 }, { observedGeneration: 2 }), lane: 'low' },
    { name: 'changed since', seen: object({ generation: 3 }, { observedGeneration: 2 }), lane: 'high' },
    { name: 'new', seen: object({ generation: 1 }), lane: 'high' },
    {
      name: 'new, with the default of the CRD',
      seen: object({ generation: 1 }, { observedGeneration: -1 }),
      lane: 'high',
    },
    {
      name: 'being deleted',
      seen: object({ generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' }, { observedGeneration: 2 }),
      lane: 'high',
    },
    { name: 'known by its metadata alone', seen: object({}), lane: 'low' },
    { name: 'forged', seen: object({ generation: 1 }, { observedGeneration: 'x' }), lane: 'high' },
  ])('puts one of a list that is $name into lane $lane', ({ seen, lane }) => {
    expect(laneOf({ type: 'added', object: seen, origin: 'list' })).toBe(lane);
  });

  it('puts what a watch brings into lane high', () => {
    const seen = object({ generation: 2 }, { observedGeneration: 2 });
    expect(laneOf({ type: 'updated', object: seen, origin: 'watch' })).toBe('high');
  });
});
