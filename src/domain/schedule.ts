import { durations } from '../lib/durations.ts';

/** By how much the interval of an object is longer than asked for, at most. */
const spread = 0.1;

/**
 * An interval as one object keeps it: up to a tenth longer than asked for, by its UID. Objects that were created
 * together are then checked together only once, and ever further apart from each other later. It is never shorter, so that
 * what an object finds at its return is old enough to be asked for again.
 *
 * @param ms the interval that was asked for, in milliseconds
 * @param uid of the object; the same one always gives the same interval
 */
export function steadyInterval(ms: number, uid: string): number {
  return Math.round(ms * (1 + spread * shareOf(uid)));
}

/** Milliseconds until a time that may have passed, at least a moment. Both times are epoch milliseconds. */
export function waitUntil(atMs: number, nowMs: number): number {
  return Math.max(atMs - nowMs, durations.operator.leastRequeueMs);
}

/** A number from 0 to before 1, spread evenly over UIDs (FNV-1a, mixed once more because UIDs differ in few places). */
function shareOf(uid: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < uid.length; index += 1)
    hash = Math.imul(hash ^ uid.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
