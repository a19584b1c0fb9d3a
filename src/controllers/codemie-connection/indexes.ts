import { referenceKey, referenceKeys, referencesIn } from '../../api/references.ts';
import {
  clusterCodeMieConnectionSpecSchema,
  codeMieConnectionSpecSchema,
  parseConnection,
} from '../../api/v1alpha1/connection-spec.ts';
import { serverKey } from '../../domain/claim.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { IndexFunction, Store } from '../../kube/store.ts';

/**
 * How the cache finds connections: `reference` - by Secret and ConfigMap, so that a change of one wakes those who
 * read it; `uid`; `server` - by the CodeMie that they lead to, whatever way its URL is spelled.
 *
 * @param operatorNamespace where the Secrets of ClusterCodeMieConnections are
 */
export function connectionIndexes(
  operatorNamespace: string,
): Record<'reference' | 'uid' | 'server', IndexFunction> {
  return {
    reference: (object) => referencesOf(object, object.metadata.namespace ?? operatorNamespace),
    uid: ({ metadata }) => [metadata.uid],
    server(object) {
      const parsed = parseConnection(object);
      return parsed.ok ? [serverKey(parsed.value.url)] : [];
    },
  };
}

const referencesOfOwn = referencesIn(codeMieConnectionSpecSchema);
const referencesOfCluster = referencesIn(clusterCodeMieConnectionSpecSchema);

function referencesOf(object: KubeObject, namespace: string): string[] {
  const parsed = parseConnection(object);
  if (!parsed.ok) return [];
  const found =
    'consumers' in parsed.value ? referencesOfCluster(parsed.value) : referencesOfOwn(parsed.value);
  return referenceKeys(found, namespace);
}

/** The GitIntegrations that name a connection, and those that still have a row that was made through it. */
export function usersOf(connection: KubeObject, kind: string, integrations: Store): KubeObject[] {
  const { namespace = '', name, uid } = connection.metadata;
  const naming = integrations.byIndex('reference', referenceKey(kind, namespace, name));
  const registered = integrations.byIndex('registeredThrough', uid);
  return [...new Set([...naming, ...registered])];
}
