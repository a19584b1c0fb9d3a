import { serverKey } from '../../domain/claim.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { IndexFunction } from '../../kube/store.ts';
import { referenceKey } from '../reference-key.ts';
import { parseConnection } from './parse-connection.ts';

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

function referencesOf(object: KubeObject, namespace: string): string[] {
  const parsed = parseConnection(object);
  if (!parsed.ok) return [];
  const { auth, tls } = parsed.value;
  const secretRefs = [
    auth.clientCredentials?.clientSecretRef,
    auth.password?.usernameSecretRef,
    auth.password?.passwordSecretRef,
    auth.localLogin?.emailSecretRef,
    auth.localLogin?.passwordSecretRef,
    auth.token?.secretRef,
  ];
  const keys = secretRefs.flatMap((ref) => (ref ? [referenceKey('Secret', namespace, ref.name)] : []));
  if (tls) keys.push(referenceKey(tls.caRef.kind, namespace, tls.caRef.name));
  return [...new Set(keys)];
}
