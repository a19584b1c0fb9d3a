/**
 * Who was let through first under a name. It decides between two of one creation second, which is as exactly as
 * Kubernetes tells, until the status says who has the name: the one may have been let through before the cache heard of
 * the other, and two creates of one name at the same time both succeed in CodeMie.
 */
export interface FirstCome {
  /** Takes down that the object of that UID goes on under the name. */
  note(claim: string, uid: string): void;
  /** The UID of the one who went on last; nobody else did before it had given the name up. */
  get(claim: string): string | undefined;
}

/** By then the status tells. */
const keptMs = 10 * 60_000;

/** Makes an empty memory. @param now epoch milliseconds */
export function createFirstCome(now: () => number): FirstCome {
  /** In the order of their time. */
  const passed = new Map<string, { uid: string; atMs: number }>();
  return {
    note(claim, uid) {
      for (const [oldest, { atMs }] of passed) {
        if (atMs > now() - keptMs) break;
        passed.delete(oldest);
      }
      passed.delete(claim);
      passed.set(claim, { uid, atMs: now() });
    },
    get: (claim) => passed.get(claim)?.uid,
  };
}
