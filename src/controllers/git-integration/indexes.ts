import { type GitIntegrationSpec, parseGitIntegrationSpec } from '../../api/v1alpha1/git-integration-spec.ts';
import { parseGitIntegrationStatus } from '../../api/v1alpha1/git-integration-status.ts';
import { type Claim, claimKey } from '../../domain/claim.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { IndexFunction } from '../../kube/store.ts';
import { referenceKey } from '../reference-key.ts';
import { rememberedCredential } from './credential-memory.ts';
import { neighbourhoodOf, registeredThrough } from './neighbours.ts';

/**
 * How the cache finds GitIntegrations: `reference` - by Secret, ConfigMap and connection, so that a change of
 * one wakes those who read it; `claim` - by what they are called in CodeMie; `registeredThrough` - by the UID of the
 * connection that their row was made through, which a changed `connectionRef` no longer names; `namespace` - by
 * namespace, whose labels decide about access; `credential` - by the digest of the credential that their status is
 * about; `neighbourhood` - by project and host, as far as they have a row there.
 */
export const integrationIndexes: Record<
  'reference' | 'claim' | 'registeredThrough' | 'neighbourhood' | 'namespace' | 'credential',
  IndexFunction
> = {
  reference: referencesOf,
  claim: (object) => claimOf(object) ?? [],
  registeredThrough: (object) => present(registeredThrough(object)),
  neighbourhood: (object) => present(neighbourhoodOf(object)),
  namespace: ({ metadata }) => [metadata.namespace ?? ''],
  credential: (object) => present(rememberedCredential(object)?.digest),
};

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function referencesOf(object: KubeObject): string[] {
  const spec = parseGitIntegrationSpec(object['spec']);
  if (!spec.ok) return [];
  const namespace = object.metadata.namespace ?? '';
  const { auth, tls, connectionRef } = spec.value;
  const secretRefs = [
    auth.token?.secretRef,
    auth.token?.usernameSecretRef,
    auth.githubApp?.appIDSecretRef,
    auth.githubApp?.privateKeySecretRef,
    auth.githubApp?.installation?.idSecretRef,
  ];
  const keys = secretRefs.flatMap((ref) => (ref ? [referenceKey('Secret', namespace, ref.name)] : []));
  if (tls) keys.push(referenceKey(tls.caRef.kind, namespace, tls.caRef.name));
  const ofCluster = connectionRef.kind === 'ClusterCodeMieConnection';
  keys.push(referenceKey(connectionRef.kind, ofCluster ? '' : namespace, connectionRef.name));
  return [...new Set(keys)];
}

/** The claim of an object as index values; undefined while its spec does not parse. */
export function claimOf(object: KubeObject): [string] | undefined {
  const spec = parseGitIntegrationSpec(object['spec']);
  if (!spec.ok) return undefined;
  const { connectionRef, scope, project, alias = object.metadata.name } = spec.value;
  return [claimKey({ ...claimedAt(object, connectionRef), scope, project, alias })];
}

/** The claim on the name that an object has in CodeMie, which is another than it wants while a rename is under way. */
export function heldClaimOf(object: KubeObject): string | undefined {
  const spec = parseGitIntegrationSpec(object['spec']);
  const { registration } = parseGitIntegrationStatus(object['status']);
  if (!spec.ok || !registration) return undefined;
  const { scope, project, alias } = registration;
  return claimKey({ ...claimedAt(object, spec.value.connectionRef), scope, project, alias });
}

function claimedAt(
  { metadata: { namespace = '' } }: KubeObject,
  { kind, name }: GitIntegrationSpec['connectionRef'],
): Pick<Claim, 'connectionKind' | 'connectionNamespace' | 'connectionName'> {
  const ofCluster = kind === 'ClusterCodeMieConnection';
  return {
    connectionKind: kind,
    connectionNamespace: ofCluster ? '' : namespace,
    connectionName: name,
  };
}

/** The connection that an object names, and its key in its store; undefined while the spec does not parse. */
export function connectionKeyOf(object: KubeObject): { kind: string; key: ObjectKey } | undefined {
  const spec = parseGitIntegrationSpec(object['spec']);
  if (!spec.ok) return undefined;
  const { kind, name } = spec.value.connectionRef;
  const ofCluster = kind === 'ClusterCodeMieConnection';
  return { kind, key: ofCluster ? name : `${object.metadata.namespace}/${name}` };
}
