import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import { referenceKey } from '../references.ts';

/** The GitIntegrations that name a connection, and those that still have a row that was made through it. */
export function usersOf(connection: KubeObject, kind: string, integrations: Store): KubeObject[] {
  const { namespace = '', name, uid } = connection.metadata;
  const naming = integrations.byIndex('reference', referenceKey(kind, namespace, name));
  const registered = integrations.byIndex('registeredThrough', uid);
  return [...new Set([...naming, ...registered])];
}
