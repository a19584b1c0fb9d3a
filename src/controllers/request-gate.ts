import { z } from 'zod';
import { reconcileRequests } from '../domain/reconcile-request.ts';
import type { KubeObject } from '../kube/object.ts';
import { durations } from '../lib/durations.ts';
import { createTenantCache } from '../lib/tenant-cache.ts';

/** Whether a request for a reconcile may be acted on: since when it has been there, or in how many ms it may be. */
type Admission = { requestedAtMs: number } | { waitMs: number };

/**
 * Limits requests for a reconcile, which bypass what is cached. Of one object a few are acted on at once and then one
 * every ten seconds; those that come in between are merged into the next.
 */
export interface RequestGate {
  /**
   * Notes what an object asks for as soon as it is seen. What was read after that moment is fresh enough for it, so that
   * many objects which ask at about the same time share what one of them has read.
   *
   * @returns in how many milliseconds it may be acted on; 0 also for an object that asks for nothing
   */
  notice(object: KubeObject): number;
  /** Whether a reconcile may act on that request now. One that may, may do so until there is another. */
  admit(object: KubeObject, request: string): Admission;
}

/** Requests that are acted on at once, and how soon one more may be. */
const burst = 5;
const spacingMs = durations.operator.requestSpacingMs;
/** Objects that are remembered; who is forgotten has its burst again. */
const maxPerNamespace = 5_000;
const maxObjects = 20_000;

interface Seen {
  request: string;
  requestedAtMs: number;
  admitted: boolean;
  /** Requests that may still be acted on, as of then. */
  left: number;
  leftAtMs: number;
}

/** Of a status, only what distinguishes handled requests from new ones: this is asked at every change. */
const handledSchema = z.object({
  lastHandledReconcileAt: z.string().optional().catch(undefined),
  otherHandledReconcileAt: z.string().optional().catch(undefined),
});

/** Makes a gate that has seen nothing. @param now epoch milliseconds */
export function createRequestGate(now: () => number): RequestGate {
  const objects = createTenantCache<Seen>({ maxPerTenant: maxPerNamespace, max: maxObjects });

  function see({ metadata: { namespace = '', uid } }: KubeObject, request: string): Seen {
    const former = objects.get(namespace, uid);
    if (former?.request === request) return former;
    const { left, leftAtMs } = former ?? { left: burst, leftAtMs: now() };
    const seen = { request, requestedAtMs: now(), admitted: false, left, leftAtMs };
    objects.set(namespace, uid, seen);
    return seen;
  }

  /** In how many milliseconds one may be acted on. */
  function waitMs(seen: Seen): number {
    if (seen.admitted) return 0;
    const more = Math.floor((now() - seen.leftAtMs) / spacingMs);
    // A clock that was set back must not take away what there was.
    if (more > 0) {
      seen.left = Math.min(seen.left + more, burst);
      seen.leftAtMs += more * spacingMs;
    }
    return seen.left > 0 ? 0 : Math.min(Math.max(seen.leftAtMs + spacingMs - now(), 1), spacingMs);
  }

  return {
    notice(object) {
      const handled = handledSchema.safeParse(object['status'] ?? {}).data ?? {};
      const { fresh } = reconcileRequests(object.metadata.annotations, handled);
      return fresh === undefined ? 0 : waitMs(see(object, fresh));
    },
    admit(object, request) {
      const seen = see(object, request);
      const wait = waitMs(seen);
      if (wait > 0) return { waitMs: wait };
      if (!seen.admitted) seen.left--;
      seen.admitted = true;
      return { requestedAtMs: seen.requestedAtMs };
    },
  };
}
