import { durations } from '../../lib/durations.ts';
import { parseHttpDate } from '../../lib/time.ts';

/** Smaller differences are the way to the server, and that `Date` has no more than whole seconds. */
const noticeableMs = durations.providers.clockSkewMs;

/**
 * By how much a server's clock is ahead of ours by the headers of an answer, in milliseconds; 0 if it is less than half a
 * minute, or not told. `Age` is how long a cache has kept the answer: https://www.rfc-editor.org/rfc/rfc9111#section-5.1
 */
export function clockSkewMs(header: (name: string) => string | undefined, nowMs: number): number {
  const dateMs = parseHttpDate(header('date'));
  if (dateMs === undefined) return 0;
  const age = header('age') ?? '';
  const skewMs = dateMs + (/^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0) - nowMs;
  return Math.abs(skewMs) > noticeableMs ? skewMs : 0;
}
