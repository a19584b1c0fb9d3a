import { REGISTRATION_FINALIZER } from '../../api/group.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import { referenceKey } from '../reference-key.ts';

/** The GitIntegrations that name a connection. */
export function usersOf(connection: KubeObject, kind: string, integrations: Store): KubeObject[] {
  const { namespace = '', name } = connection.metadata;
  return integrations.byIndex('reference', referenceKey(kind, namespace, name));
}

/** Whether the integration still needs its connection to clean CodeMie up. */
export function needsCleanUp({ metadata }: KubeObject): boolean {
  return metadata.finalizers?.includes(REGISTRATION_FINALIZER) ?? false;
}
