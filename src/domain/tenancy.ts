import type { ClusterCodeMieConnectionSpec, CodeMieConnectionSpec } from '../api/v1alpha1/connection-spec.ts';
import { meetsRequirement } from '../lib/label-selector.ts';
import { matchesAny, matchesGlob } from '../lib/linear-text.ts';
import { ownMember } from '../lib/names.ts';

type Consumer = ClusterCodeMieConnectionSpec['consumers'][number];
type LabelSelector = NonNullable<Consumer['namespaceSelector']>;

/** A namespace as far as access rules see it. */
interface NamespaceFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** Who asks a connection for what. */
export interface AccessRequest {
  namespace: NamespaceFacts;
  project: string;
}

/** Whether a connection may be used, and if not, by which field of its spec. */
export type ConnectionAccess = 'allowed' | 'consumers' | 'consumersProjects' | 'projectsAllowed';

/** The fields of a connection that decide. */
type AccessRules = Pick<CodeMieConnectionSpec, 'projects'> & { consumers?: readonly Consumer[] };

/**
 * The tenancy boundary. A connection's login may write every CodeMie project it is an administrator of, so
 * that nothing but these lists keeps one namespace from writing another team's project.
 *
 * A namespaced connection has no consumers: only its own namespace can refer to it.
 */
export function connectionAccess(
  connection: AccessRules,
  { namespace, project }: AccessRequest,
): ConnectionAccess {
  const granted = grantsOf(connection, namespace);
  if (granted?.length === 0) return 'consumers';
  if (granted && !matchesAny(granted, project)) return 'consumersProjects';
  return matchesAny(connection.projects.allowed, project) ? 'allowed' : 'projectsAllowed';
}

/**
 * The projects that a namespace may use through a connection, as globs: what `consumers` grants it, as far as
 * `projects.allowed` covers it. Nothing of what other namespaces are granted is in there.
 */
export function usableProjects(connection: AccessRules, namespace: NamespaceFacts): string[] {
  const { allowed } = connection.projects;
  const granted = grantsOf(connection, namespace);
  if (!granted) return [...allowed];
  const distinct = [...new Set(granted)].slice(0, mostCompared);
  return [...new Set(distinct.flatMap((glob) => allowed.flatMap((other) => both(glob, other) ?? [])))];
}

/**
 * Whether requests for a connection may go to private addresses. What is inside of the cluster's network is the
 * administrator's: a tenant's own connection opens it only where the installation says so, or a manifest would be enough
 * to reach every internal server through the operator.
 *
 * @param requested `allowPrivateNetworks` of the connection
 * @param tenantPrivateNetworks the setting of the installation
 */
export function mayReachPrivateNetworks(
  connection: { metadata: { namespace?: string } },
  requested: boolean,
  tenantPrivateNetworks: boolean,
): boolean {
  const isNamespaced = connection.metadata.namespace !== undefined;
  return requested && (!isNamespaced || tenantPrivateNetworks);
}

/** Each is compared with up to 200 of `projects.allowed`, whenever a refusal is explained. */
const mostCompared = 200;

/** A glob for what matches both. Undefined where neither covers the other: hardly anything does then. */
function both(glob: string, other: string): string | undefined {
  // A glob that matches the text of another one matches whatever that one does.
  if (matchesGlob(other, glob)) return glob;
  return matchesGlob(glob, other) ? other : undefined;
}

/** What `consumers` grants a namespace. Undefined for a namespaced connection, which has none. */
function grantsOf({ consumers }: AccessRules, namespace: NamespaceFacts): string[] | undefined {
  return consumers?.filter((consumer) => isConsumer(consumer, namespace)).flatMap(({ projects }) => projects);
}

/** With names and a selector given, both must hold. */
function isConsumer(consumer: Consumer, namespace: NamespaceFacts): boolean {
  const named = !consumer.namespaces || matchesAny(consumer.namespaces, namespace.name);
  const selected =
    !consumer.namespaceSelector || matchesSelector(consumer.namespaceSelector, namespace.labels);
  return named && selected && Boolean(consumer.namespaces ?? consumer.namespaceSelector);
}

/** Kubernetes' own rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => ownMember(labels, key) === value,
  );
  return (
    exact && (selector.matchExpressions ?? []).every((expression) => meetsRequirement(labels, expression))
  );
}
