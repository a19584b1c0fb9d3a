import { durations } from '../../lib/durations.ts';
import { latestMs, parseHttpDate, rfc3339 } from '../../lib/time.ts';
import type { Answer } from '../answer.ts';

/** Some fine-grained tokens are said to expire at the moment of the call: https://github.com/google/go-github/issues/3708 */
const implausiblyNearMs = durations.providers.implausibleExpiryMs;

/**
 * When the token ends by the header `github-authentication-token-expiration`, RFC 3339, or undefined if there is
 * none, it makes no sense, or it is within five minutes of the answer's own date.
 */
export function expiryOf(answer: Answer, nowMs: number): string | undefined {
  const expiresAtMs = parseExpiry(answer.header('github-authentication-token-expiration') ?? '');
  if (expiresAtMs === undefined) return undefined;
  const serverNowMs = parseHttpDate(answer.header('date')) ?? nowMs;
  return Math.abs(expiresAtMs - serverNowMs) <= implausiblyNearMs ? undefined : rfc3339(expiresAtMs);
}

/**
 * `2026-09-09 21:12:46 UTC`, `… +0200` and `… -0700` as epoch milliseconds; all three are in use and none of them is
 * what `Date.parse` promises to read.
 */
export function parseExpiry(header: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:UTC|([+-]\d\d):?(\d\d))$/.exec(header.trim());
  if (parts === null) return undefined;
  const [, date, time, hours, minutes] = parts;
  const epochMs = Date.parse(`${date}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  // Also false for a day that no calendar has.
  return epochMs <= latestMs ? epochMs : undefined;
}
