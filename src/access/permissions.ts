import {
  clusterCodeMieConnections,
  codeMieConnections,
  gitIntegrations,
  type ResourceDescription,
} from '../api/group.ts';
import { digestKeySecret } from '../controllers/digest-key.ts';
import { events } from '../kube/events.ts';
import { leases } from '../kube/lease.ts';
import { configMaps, namespaces, type Resource, secrets } from '../kube/object.ts';
import { subjectAccessReviews, tokenReviews } from '../kube/token-review.ts';

/** What an installation is like, as far as its permissions depend on it. */
export interface OperatorInstallation {
  /** The namespaces it works in; absent for all of them. */
  watchNamespaces?: readonly string[] | undefined;
  /** Whether it follows ClusterCodeMieConnections. */
  clusterConnections: boolean;
  /** Absent: the UID of `kube-system` names the cluster. */
  clusterName?: string | undefined;
  leaderElect: boolean;
  /** Where the connection that it makes itself is described; absent where it makes none. */
  defaultConnectionFile?: string | undefined;
  /** Who may read metrics. `kubernetes`: those whom the API server lets. */
  metricsAuth?: 'none' | 'kubernetes' | undefined;
}

/** Facts of an installation that a permission may depend on. */
export type Circumstance = keyof typeof circumstances;

/**
 * Where a permission holds. `cluster`: everywhere, or without a namespace. `watched`: in the namespaces that are
 * worked in, which are all of them by default. `own`: in the operator's namespace. `default`: in the namespace of
 * that name.
 */
export type Where = 'cluster' | 'watched' | 'own' | 'default';

/** A verb of the Kubernetes API that this operator uses. https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch';

/** One thing that the operator asks the API server for. */
export interface Permission {
  resource: Resource | ResourceDescription;
  subresource?: 'status';
  verbs: readonly Verb[];
  where: Where;
  /** Only these objects. */
  names?: readonly string[];
  /** All of these must hold; without them it is always needed. */
  when?: readonly Circumstance[];
  /** Completes "it needs this to …". */
  why: string;
}

/** What each circumstance means, for the code and for people. */
export const circumstances = {
  everyNamespace: {
    holds: ({ watchNamespaces }: OperatorInstallation) => watchNamespaces === undefined,
    text: 'without `--watch-namespaces`',
  },
  namedNamespaces: {
    holds: ({ watchNamespaces }: OperatorInstallation) => watchNamespaces !== undefined,
    text: 'with `--watch-namespaces`',
  },
  clusterConnections: {
    holds: ({ clusterConnections }: OperatorInstallation) => clusterConnections,
    text: 'unless `--cluster-connections=false`',
  },
  noClusterConnections: {
    holds: ({ clusterConnections }: OperatorInstallation) => !clusterConnections,
    text: 'with `--cluster-connections=false`',
  },
  defaultConnection: {
    holds: ({ defaultConnectionFile }: OperatorInstallation) => defaultConnectionFile !== undefined,
    text: 'with `--default-connection-file`',
  },
  noClusterName: {
    holds: ({ clusterName }: OperatorInstallation) => clusterName === undefined,
    text: 'without `--cluster-name`',
  },
  leaderElection: {
    holds: ({ leaderElect }: OperatorInstallation) => leaderElect,
    text: 'with `--leader-elect=true`',
  },
  metricsAuth: {
    holds: ({ metricsAuth }: OperatorInstallation) => metricsAuth === 'kubernetes',
    text: 'with `--metrics-auth=kubernetes`',
  },
} as const;

/**
 * Everything that the operator may ever ask the API server for: the one list. The check at the start, the roles of
 * the chart and the page `docs/permissions.md` are made from it, and tests run the operator with nothing else.
 */
export const permissions: readonly Permission[] = [
  ...ofKind(gitIntegrations, 'watched'),
  ...ofKind(codeMieConnections, 'watched'),
  ...ofKind(clusterCodeMieConnections, 'cluster', ['clusterConnections']),
  {
    resource: clusterCodeMieConnections,
    verbs: ['create'],
    where: 'cluster',
    names: ['default'],
    when: ['clusterConnections', 'defaultConnection'],
    why: 'create the connection of that file',
  },
  {
    resource: secrets,
    verbs: ['list', 'watch'],
    where: 'watched',
    why: 'detect changed credentials; it reads metadata only, for which Kubernetes has no separate permission',
  },
  { resource: secrets, verbs: ['get'], where: 'watched', why: 'read the Secrets that manifests name' },
  { resource: configMaps, verbs: ['list', 'watch'], where: 'watched', why: 'detect changed certificates' },
  { resource: configMaps, verbs: ['get'], where: 'watched', why: 'read the certificates of `tls.caRef`' },
  {
    resource: events,
    verbs: ['create', 'patch'],
    where: 'watched',
    why: 'emit events, and aggregate repeated ones',
  },
  {
    resource: namespaces,
    verbs: ['list', 'watch'],
    where: 'cluster',
    when: ['everyNamespace'],
    why: 'match `namespaceSelector`, and see which namespaces are being deleted',
  },
  {
    resource: namespaces,
    verbs: ['get'],
    where: 'watched',
    when: ['namedNamespaces'],
    why: 'match `namespaceSelector`, and see whether the namespace is being deleted',
  },
  {
    resource: namespaces,
    verbs: ['get'],
    where: 'cluster',
    names: ['kube-system'],
    when: ['everyNamespace', 'noClusterName'],
    why: 'name the cluster by the UID of this namespace',
  },
  { resource: secrets, verbs: ['create'], where: 'own', why: 'keep the key of its digests' },
  {
    resource: secrets,
    verbs: ['get'],
    where: 'own',
    names: [digestKeySecret],
    when: ['namedNamespaces', 'noClusterConnections'],
    why: 'read the key of its digests',
  },
  {
    resource: secrets,
    verbs: ['get'],
    where: 'own',
    when: ['namedNamespaces', 'clusterConnections'],
    why: 'read the key of its digests, and the Secrets that ClusterCodeMieConnections name',
  },
  {
    resource: secrets,
    verbs: ['list', 'watch'],
    where: 'own',
    when: ['namedNamespaces', 'clusterConnections'],
    why: 'detect changed logins of ClusterCodeMieConnections',
  },
  {
    resource: configMaps,
    verbs: ['get', 'list', 'watch'],
    where: 'own',
    when: ['namedNamespaces', 'clusterConnections'],
    why: 'read the certificates that ClusterCodeMieConnections name',
  },
  {
    resource: events,
    verbs: ['create', 'patch'],
    where: 'default',
    when: ['namedNamespaces', 'clusterConnections'],
    why: 'emit events on ClusterCodeMieConnections, which the API keeps in this namespace',
  },
  {
    resource: leases,
    verbs: ['get', 'create', 'update'],
    where: 'own',
    when: ['leaderElection'],
    why: 'elect a leader among the replicas',
  },
  {
    resource: tokenReviews,
    verbs: ['create'],
    where: 'cluster',
    when: ['metricsAuth'],
    why: 'authenticate readers of its metrics',
  },
  {
    resource: subjectAccessReviews,
    verbs: ['create'],
    where: 'cluster',
    when: ['metricsAuth'],
    why: 'check whether they may GET `/metrics`',
  },
];

/** What an installation needs of the list. */
export function permissionsOf(installation: OperatorInstallation): Permission[] {
  return permissions.filter(({ when = [] }) => when.every((each) => circumstances[each].holds(installation)));
}

function ofKind(resource: ResourceDescription, where: Where, when?: readonly Circumstance[]): Permission[] {
  const common = { resource, where, ...(when && { when }) };
  return [
    { ...common, verbs: ['list', 'watch'], why: 'watch the declared objects' },
    { ...common, verbs: ['get'], why: 'read an object again that changed in the meantime' },
    { ...common, verbs: ['patch'], why: 'set and remove its finalizers' },
    { ...common, subresource: 'status', verbs: ['patch'], why: 'write its status' },
  ];
}
