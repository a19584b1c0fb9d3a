import { z } from 'zod';
import { referenceKeys, referencesIn } from '../../api/references.ts';
import { parseConnection } from '../../api/v1alpha1/connection-spec.ts';
import {
  gitIntegrationSpecSchema,
  parseGitIntegrationSpec,
} from '../../api/v1alpha1/git-integration-spec.ts';
import { parseRegistration } from '../../api/v1alpha1/git-integration-status.ts';
import { type Claim, serverKey } from '../../domain/claim.ts';
import { canonicalUrl, urlForCodeMie } from '../../domain/codemie-url.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { Change, IndexFunction, Store } from '../../kube/store.ts';
import { providers } from '../../providers/registry.ts';
import { rememberedCredential } from './credentials.ts';
import type { Deps } from './pass.ts';

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

/** Several indexes read the spec, one right after the other. */
const specOf = ofLast((object) => parseGitIntegrationSpec(object['spec']));
const registrationOf = ofLast((object) => parseRegistration(object['status']));
const registeredOf = ofLast((object) => registeredSchema.safeParse(object).data);

/** A function that remembers its last result, for an object that is not changed. */
function ofLast<T>(read: (object: KubeObject) => T): (object: KubeObject) => T {
  let last: { object: KubeObject; result: T } | undefined;
  return (object) => {
    if (last?.object !== object) last = { object, result: read(object) };
    return last.result;
  };
}

function referencesOf(object: KubeObject): string[] {
  const spec = specOf(object);
  return spec.ok ? referenceKeys(referencesOfSpec(spec.value), object.metadata.namespace ?? '') : [];
}

/** What the spec of an object wants to be called, and through which connection. Undefined while it does not parse. */
function wantedNameOf(object: KubeObject): WantedName | undefined {
  const spec = specOf(object);
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
function heldNameOf(object: KubeObject): HeldName | undefined {
  const registration = registrationOf(object);
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
  const registration = registrationOf(object);
  if (!registration || !URL.canParse(registration.server)) return undefined;
  return rowKey(serverKey(registration.server), registration.id);
}

/** The connection that an object names, and its key in its store; undefined while the spec does not parse. */
export function connectionKeyOf(object: KubeObject): { kind: string; key: ObjectKey } | undefined {
  const spec = specOf(object);
  if (!spec.ok) return undefined;
  const { kind, name } = spec.value.connectionRef;
  const ofCluster = kind === 'ClusterCodeMieConnection';
  return { kind, key: ofCluster ? name : `${object.metadata.namespace}/${name}` };
}

/** What is registered, and for which host. No more of an object is parsed: this is asked at every change of each. */
const registeredSchema = z.object({
  spec: z.object({ provider: z.string(), url: z.string().optional() }),
  status: z.object({
    registration: z.object({ connectionUID: z.string(), scope: z.string(), project: z.string() }),
  }),
});

/** The UID of the connection that the row of an object was made through. */
export function registeredThrough(object: KubeObject): string | undefined {
  return registeredOf(object)?.status.registration.connectionUID;
}

/**
 * What integrations have in common of which CodeMie may take any: the project and the Git host. Undefined for one that
 * has no row yet.
 */
function neighbourhoodOf(object: KubeObject): string | undefined {
  const { spec, status } = registeredOf(object) ?? {};
  const provider = Object.values(providers).find(({ name }) => name === spec?.provider)?.name;
  if (!spec || !status || !provider) return undefined;
  if (spec.url !== undefined && !URL.canParse(spec.url)) return undefined;
  const url = urlForCodeMie({ provider, url: spec.url }, providers);
  const { connectionUID, scope, project } = status.registration;
  return JSON.stringify([connectionUID, scope, project, canonicalUrl(url)]);
}

/**
 * Who has something else to say since that change: of two the other one, as it was alone before, and the last one that
 * is left. With more of them, all know already.
 */
export function changedNeighbours({ type, object, previous }: Change, store: Store): KubeObject[] {
  const now = type === 'deleted' ? undefined : neighbourhoodOf(object);
  const before = type === 'deleted' ? neighbourhoodOf(object) : previous && neighbourhoodOf(previous);
  if (now === before) return [];
  return [now, before].flatMap((neighbourhood) => onlyOther(object, neighbourhood, store));
}

/** The only one next to that object, if there is exactly one. */
export function onlyNeighbour(object: KubeObject, store: Store): KubeObject | undefined {
  return onlyOther(object, neighbourhoodOf(object), store)[0];
}

function onlyOther(object: KubeObject, neighbourhood: string | undefined, store: Store): KubeObject[] {
  if (neighbourhood === undefined) return [];
  const others = store
    .byIndex('neighbourhood', neighbourhood)
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid);
  return others.length === 1 ? others : [];
}

type Stores = Pick<Deps, 'integrations' | 'clusterConnections' | 'connections'>;

/** Who wants a name that an object has just given up, in CodeMie or in its spec. */
export function nextInLine(change: Change, stores: Stores): KubeObject[] {
  const { type, object, previous } = change;
  const before = type === 'deleted' ? object : previous;
  if (!before) return [];
  const after = type === 'deleted' ? undefined : object;
  const held = heldNameOf(before);
  const stillHeld = after && heldNameOf(after);
  const left = held && (!stillHeld || heldKey(held) !== heldKey(stillHeld)) ? held : undefined;
  const wanted = wantedNameOf(before);
  const stillWanted = after && !after.metadata.deletionTimestamp ? wantedNameOf(after) : undefined;
  const dropped =
    wanted && (!stillWanted || wantedKey(wanted) !== wantedKey(stillWanted)) ? wanted : undefined;
  const names = [...(left ? waysTo(left, stores) : []), ...(dropped ? alike(dropped, stores) : [])];
  const next = names.flatMap((name) => stores.integrations.byIndex('wanted', wantedKey(name)));
  return next.filter(({ metadata }) => metadata.uid !== object.metadata.uid);
}

/** The name as it is wanted through each connection to that server. */
function waysTo(name: HeldName, { clusterConnections, connections }: Stores): WantedName[] {
  return [clusterConnections, connections]
    .flatMap((store) => store.byIndex('server', name.server))
    .map(({ metadata }) => ({ ...name, connection: metadata }));
}

/** The name as it is wanted through this connection, and through each other one that leads to the same server. */
function alike(wanted: WantedName, stores: Stores): WantedName[] {
  const { name, namespace } = wanted.connection;
  const connection =
    namespace === undefined
      ? stores.clusterConnections.get(name)
      : stores.connections.get(`${namespace}/${name}`);
  const parsed = connection && parseConnection(connection);
  if (!parsed?.ok) return [wanted];
  return waysTo({ ...wanted, server: serverKey(parsed.value.url) }, stores);
}
