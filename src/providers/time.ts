/** A moment as RFC 3339 in UTC with whole seconds, as Kubernetes writes it. */
export function rfc3339(epochMs: number): string {
  return new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** An HTTP date as epoch milliseconds, or undefined if it is absent or not a date. */
export function parseHttpDate(value: string | undefined): number | undefined {
  const epochMs = Date.parse(value ?? '');
  return Number.isNaN(epochMs) ? undefined : epochMs;
}

/** For `Provider.recheckAfterMs`: soon, because most of what passes is over in seconds, and once more at the end. */
export const usualRechecksMs: readonly number[] = [5_000, 15_000, 60_000];

/** The end of the year 9999 as epoch milliseconds: RFC 3339 has no later moment. */
export const latestMs = Date.parse('9999-12-31T23:59:59Z');
