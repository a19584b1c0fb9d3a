import { REGISTRATION_FINALIZER } from '../../api/group.ts';
import { parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Store } from '../../kube/store.ts';
import { referenceKey } from '../reference-key.ts';

/** The GitIntegrations that name a connection. */
export function usersOf(connection: KubeObject, kind: string, integrations: Store): KubeObject[] {
  const { namespace = '', name } = connection.metadata;
  return integrations.byIndex('reference', referenceKey(kind, namespace, name));
}

/** Whether the integration still needs its connection to clean CodeMie up. One that is to stay there does not. */
export function needsCleanUp(integration: KubeObject): boolean {
  if (!integration.metadata.finalizers?.includes(REGISTRATION_FINALIZER)) return false;
  const spec = parseGitIntegrationSpec(integration['spec']);
  return !spec.ok || spec.value.deletionPolicy === 'Delete';
}
