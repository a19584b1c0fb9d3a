/** Epoch milliseconds as RFC 3339 in UTC to the second, the form that Kubernetes stores. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
