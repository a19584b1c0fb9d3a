/** Epoch milliseconds as RFC 3339 in UTC with whole seconds, the form that Kubernetes stores. */
export function rfc3339(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/**
 * Epoch milliseconds as a Kubernetes `MicroTime`. The six digits are required: with three the API server answers 400.
 * https://github.com/kubernetes-client/javascript/issues/828
 */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** An HTTP date as epoch milliseconds, or undefined if it is absent or not a date. */
export function parseHttpDate(value: string | undefined): number | undefined {
  const epochMs = Date.parse(value ?? '');
  return Number.isNaN(epochMs) ? undefined : epochMs;
}

/** The end of the year 9999 as epoch milliseconds: RFC 3339 has no later moment. */
export const latestMs = Date.parse('9999-12-31T23:59:59Z');
