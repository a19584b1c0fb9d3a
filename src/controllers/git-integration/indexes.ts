import { referencesIn } from '../../api/references.ts';
import {
  gitIntegrationSpecSchema,
  parseGitIntegrationSpec,
} from '../../api/v1alpha1/git-integration-spec.ts';
import { parseRegistration } from '../../api/v1alpha1/git-integration-status.ts';
import { type Claim, serverKey } from '../../domain/claim.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { IndexFunction } from '../../kube/store.ts';
import { referenceKeys } from '../references.ts';
import { rememberedCredential } from './credential-memory.ts';
import { neighbourhoodOf, registeredThrough } from './neighbours.ts';

/**
 * How the cache finds GitIntegrations: `reference` - by Secret, ConfigMap and connection, so that a change of
 * one wakes those who read it; `wanted` - by the name in CodeMie that the spec asks for and the connection that it asks;
 * `held` - by the server and the name there that the status has; `row` - by server and row; `registeredThrough` - by the UID of the
 * connection that their row was made through, which a changed `connectionRef` no longer names; `namespace` - by
 * namespace, whose labels decide about access; `credential` - by the digest of the credential that their status is
 * about; `neighbourhood` - by project and host, as far as they have a row there.
 */
export const integrationIndexes: Record<
  | 'reference'
  | 'wanted'
  | 'held'
  | 'row'
  | 'registeredThrough'
  | 'neighbourhood'
  | 'namespace'
  | 'credential',
  IndexFunction
> = {
  reference: referencesOf,
  wanted(object) {
    const name = wantedNameOf(object);
    return present(name && wantedKey(name));
  },
  held(object) {
    const name = heldNameOf(object);
    return present(name && heldKey(name));
  },
  row: (object) => present(rowOf(object)),
  registeredThrough: (object) => present(registeredThrough(object)),
  neighbourhood: (object) => present(neighbourhoodOf(object)),
  namespace: ({ metadata }) => [metadata.namespace ?? ''],
  credential: (object) => present(rememberedCredential(object)?.digest),
};

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

const referencesOfSpec = referencesIn(gitIntegrationSpecSchema);

function referencesOf(object: KubeObject): string[] {
  const spec = parseGitIntegrationSpec(object['spec']);
  return spec.ok ? referenceKeys(referencesOfSpec(spec.value), object.metadata.namespace ?? '') : [];
}

/** What the spec of an object wants to be called, and through which connection. Undefined while it does not parse. */
export function wantedNameOf(object: KubeObject): WantedName | undefined {
  const spec = parseGitIntegrationSpec(object['spec']);
  if (!spec.ok) return undefined;
  const { connectionRef, scope, project, alias = object.metadata.name } = spec.value;
  const namespace = connectionRef.kind === 'ClusterCodeMieConnection' ? undefined : object.metadata.namespace;
  return { connection: { name: connectionRef.name, namespace }, scope, project, alias };
}

/** A name in CodeMie and the connection through which it is wanted; one of the cluster has no namespace. */
export interface WantedName extends Pick<Claim, 'scope' | 'project' | 'alias'> {
  connection: { name: string; namespace?: string | undefined };
}

/** Where the row of an object has a name in CodeMie, which is another than it wants while a rename is under way. */
export function heldNameOf(object: KubeObject): HeldName | undefined {
  const registration = parseRegistration(object['status']);
  if (!registration || !URL.canParse(registration.server)) return undefined;
  return { ...registration, server: serverKey(registration.server) };
}

/** What is called so in one CodeMie. */
export type HeldName = Pick<Claim, 'server' | 'scope' | 'project' | 'alias'>;

/** For the index `held`. */
export function heldKey({ server, scope, project, alias }: HeldName): string {
  return JSON.stringify([server, scope, project, alias]);
}

/** For the index `wanted`. */
export function wantedKey({ connection, scope, project, alias }: WantedName): string {
  return JSON.stringify([connection.namespace ?? '', connection.name, scope, project, alias]);
}

/** For the index `row`. @param server its `serverKey` @param id of the row */
export function rowKey(server: string, id: string): string {
  return JSON.stringify([server, id]);
}

function rowOf(object: KubeObject): string | undefined {
  const registration = parseRegistration(object['status']);
  if (!registration || !URL.canParse(registration.server)) return undefined;
  return rowKey(serverKey(registration.server), registration.id);
}

/** The connection that an object names, and its key in its store; undefined while the spec does not parse. */
export function connectionKeyOf(object: KubeObject): { kind: string; key: ObjectKey } | undefined {
  const spec = parseGitIntegrationSpec(object['spec']);
  if (!spec.ok) return undefined;
  const { kind, name } = spec.value.connectionRef;
  const ofCluster = kind === 'ClusterCodeMieConnection';
  return { kind, key: ofCluster ? name : `${object.metadata.namespace}/${name}` };
}
