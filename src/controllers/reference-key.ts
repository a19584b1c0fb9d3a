/** Names an object that another one refers to, for the `reference` indexes. The namespace of a cluster kind is empty. */
export function referenceKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}
