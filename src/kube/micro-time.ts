/**
 * Epoch milliseconds as a Kubernetes `MicroTime`. The six digits are required: with three the API server answers 400.
 * https://github.com/kubernetes-client/javascript/issues/828
 */
export function toMicroTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
