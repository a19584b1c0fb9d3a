import { clusterCodeMieConnections } from '../api/group.ts';
import type { Reference } from '../api/references.ts';

/** Names an object that another one refers to, for the `reference` indexes. The namespace of a cluster kind is empty. */
export function referenceKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The keys of what an object refers to, each once. @param namespace where it refers to, except to cluster kinds */
export function referenceKeys(references: readonly Reference[], namespace: string): string[] {
  const keys = references.map(({ kind, name }) =>
    referenceKey(kind, kind === clusterCodeMieConnections.kind ? '' : namespace, name),
  );
  return [...new Set(keys)];
}
