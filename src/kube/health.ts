import type { Informer } from './informer.ts';

/**
 * Whether the server has answered each informer within a time, be it with a refusal. One that waits for its first list
 * counts as well: there is nothing in it that could have grown old, and a new process would wait, too. For liveness.
 */
export function areInContact(
  informers: readonly Pick<Informer, 'synced' | 'contactAgeMs'>[],
  longestSilenceMs: number,
): boolean {
  return informers.every((informer) => !informer.synced() || informer.contactAgeMs() < longestSilenceMs);
}
