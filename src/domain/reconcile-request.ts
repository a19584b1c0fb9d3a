import { FLUX_RECONCILE_REQUESTED_ANNOTATION, RECONCILE_REQUESTED_ANNOTATION } from '../api/group.ts';

/** What a status remembers of the requests for a reconcile. */
export interface HandledRequests {
  /** The value that was handled last. */
  lastHandledReconcileAt?: string | undefined;
  /** The value of the other annotation, while an object has both. */
  otherHandledReconcileAt?: string | undefined;
}

/** The requests for a reconcile that an object carries. */
export interface ReconcileRequests {
  /** A value that was not handled yet: someone wants to see the truth of now. */
  fresh: string | undefined;
  /** What the status has to remember once they are handled. */
  handled: HandledRequests;
}

/** The CRDs take no more of a handled value. A longer one counts by its beginning. */
const longestValue = 253;

/**
 * Reads the annotations that ask for a reconcile now: our own, and the one of Flux, which its command line and many
 * scripts set on whatever they want to be checked. An object may have both, so a value is new when it is neither
 * of the two that were handled last; otherwise each would make the other one new again.
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#triggering-a-reconcile
 */
export function reconcileRequests(
  annotations: Readonly<Record<string, string>> | undefined,
  { lastHandledReconcileAt: last, otherHandledReconcileAt: other }: HandledRequests,
): ReconcileRequests {
  const requested = [RECONCILE_REQUESTED_ANNOTATION, FLUX_RECONCILE_REQUESTED_ANNOTATION].flatMap((name) => {
    const value = annotations?.[name];
    return value === undefined ? [] : [value.slice(0, longestValue)];
  });
  const fresh = requested.find((value) => value !== last && value !== other);
  const lastHandledReconcileAt = fresh ?? last;
  const otherHandledReconcileAt = requested.find((value) => value !== lastHandledReconcileAt);
  return {
    fresh,
    handled: {
      ...(lastHandledReconcileAt !== undefined && { lastHandledReconcileAt }),
      ...(otherHandledReconcileAt !== undefined && { otherHandledReconcileAt }),
    },
  };
}
