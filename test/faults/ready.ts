import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import type { KubeObject } from '../../src/kube/object.ts';

/** Whether the operator has seen a GitIntegration as it is now. */
export function isObserved({ metadata, ...object }: KubeObject): boolean {
  return parseGitIntegrationStatus(object['status']).observedGeneration === metadata.generation;
}

/** Whether a GitIntegration is Ready as it is now, and is to stay. */
export function isReady(object: KubeObject): boolean {
  const ready = parseGitIntegrationStatus(object['status']).conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && isObserved(object) && object.metadata.deletionTimestamp === undefined;
}
