import { KubeStatusError } from '../../src/kube/errors.ts';
import type { LeaseClient } from '../../src/kube/lease.ts';
import type { KubeObject } from '../../src/kube/object.ts';

/** A server that holds one Lease and checks its resourceVersion. */
export interface LeaseServer extends LeaseClient {
  /** The spec it holds. */
  spec(): unknown;
  put(spec: object): void;
  remove(): void;
  /** Successful writes. */
  readonly writes: number;
}

/** Starts one in memory. It holds nothing yet. */
export function startLeaseServer(): LeaseServer {
  let writes = 0;
  let held: KubeObject | undefined;
  const store = (spec: unknown): KubeObject => {
    writes++;
    const metadata = { name: 'op', namespace: 'ns', uid: 'u', creationTimestamp: '' };
    held = { metadata: { ...metadata, resourceVersion: String(writes) }, spec };
    return held;
  };
  const conflict = (): Error => new KubeStatusError('update', { code: 409, reason: 'Conflict' });
  return {
    get writes() {
      return writes;
    },
    spec: () => held?.['spec'],
    put: (spec) => void store(spec),
    remove() {
      held = undefined;
    },
    get: () => Promise.resolve(held),
    async create(_, object) {
      if (held !== undefined) throw conflict();
      return store(object['spec']);
    },
    async replace(_, object) {
      if (object.metadata.resourceVersion !== held?.metadata.resourceVersion) throw conflict();
      return store(object['spec']);
    },
  };
}
