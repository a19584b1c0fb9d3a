import { z } from 'zod';
import { microTime } from '../lib/time.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject, Resource } from './object.ts';

/** The kind that leader election is kept in. https://kubernetes.io/docs/concepts/architecture/leases/ */
export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

const leaseSchema = z.object({
  holderIdentity: z.string().nullish(),
  leaseDurationSeconds: z.number().nullish(),
  acquireTime: z.string().nullish(),
  renewTime: z.string().nullish(),
  leaseTransitions: z.number().nullish(),
});

/** What a Lease says. Absent fields have the value of a free lease. */
export interface LeaseRecord {
  holder: string;
  durationMs: number;
  /** MicroTime by the holder's clock: a mark to compare, never a time to reckon with. */
  renewTime: string;
  acquireTime: string;
  transitions: number;
}

/** Reads `spec` leniently: a Lease that someone broke is a free one. */
export function readLease(lease: KubeObject): LeaseRecord {
  const spec = leaseSchema.safeParse(lease['spec'] ?? {}).data ?? {};
  return {
    holder: spec.holderIdentity ?? '',
    durationMs: (spec.leaseDurationSeconds ?? 0) * 1000,
    renewTime: spec.renewTime ?? '',
    acquireTime: spec.acquireTime ?? '',
    transitions: spec.leaseTransitions ?? 0,
  };
}

/** The `spec` that makes `holder` hold the lease from now on. */
export function heldBy(
  holder: string,
  durationMs: number,
  before: LeaseRecord | undefined,
  nowMs: number,
): object {
  const time = microTime(nowMs);
  const isOurs = before?.holder === holder;
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : time,
    renewTime: time,
    leaseTransitions: before === undefined ? 0 : before.transitions + (isOurs ? 0 : 1),
  };
}

/** The `spec` of a lease that was given back, so that the next holder need not wait. */
export function releasedRecord(before: LeaseRecord, nowMs: number): object {
  const time = microTime(nowMs);
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: before.transitions,
  };
}

/** The calls that leader election needs. */
export type LeaseClient = Pick<KubeClient, 'get' | 'create' | 'replace'>;
