/** The API group of all kinds of this operator. */
export const GROUP = 'codemie.ai';

/** The version of the wire format; see https://kubernetes.io/docs/reference/using-api/#api-versioning. */
export const VERSION = 'v1alpha1';

/** The `apiVersion` of a manifest. */
export const API_VERSION = `${GROUP}/${VERSION}`;

/** What the API server needs to know to address a kind. Same shape as the runtime's own `Resource`. */
export interface ResourceDescription {
  readonly group: string;
  readonly version: string;
  /** Path segment, e.g. `gitintegrations`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One Git credential of one CodeMie project. */
export const gitIntegrations: ResourceDescription = {
  group: GROUP,
  version: VERSION,
  plural: 'gitintegrations',
  kind: 'GitIntegration',
  namespaced: true,
};

/** A CodeMie server that a platform team offers to chosen namespaces. */
export const clusterCodeMieConnections: ResourceDescription = {
  group: GROUP,
  version: VERSION,
  plural: 'clustercodemieconnections',
  kind: 'ClusterCodeMieConnection',
  namespaced: false,
};

/** A CodeMie server and login that belong to one namespace. */
export const codeMieConnections: ResourceDescription = {
  group: GROUP,
  version: VERSION,
  plural: 'codemieconnections',
  kind: 'CodeMieConnection',
  namespaced: true,
};

/** Holds a GitIntegration until its row in CodeMie is removed (or released by `deletionPolicy: Orphan`). */
export const REGISTRATION_FINALIZER = 'codemie.ai/registration';

/** Holds a connection while an integration still needs it to be deleted. */
export const IN_USE_FINALIZER = 'codemie.ai/in-use';

/**
 * Set to any new value to ask for a reconcile now:
 * `kubectl annotate gint/acme codemie.ai/reconcile-requested-at="$(date -Is)" --overwrite`.
 * The handled value comes back in `status.lastHandledReconcileAt`.
 */
export const RECONCILE_REQUESTED_ANNOTATION = 'codemie.ai/reconcile-requested-at';

/** What Flux's tools set for the same purpose; it has the same effect on our kinds. */
export const FLUX_RECONCILE_REQUESTED_ANNOTATION = 'reconcile.fluxcd.io/requestedAt';

/** Field manager of every server-side apply of this operator. */
export const FIELD_MANAGER = 'codemie-git-operator';

/** The Git providers that `spec.provider` can name. */
export const providerNames = ['GitHub', 'GitLab', 'Bitbucket', 'AzureDevOps'] as const;

/** A value of `spec.provider`. */
export type ProviderName = (typeof providerNames)[number];

/** What the products are called in sentences. */
export const productNames: Readonly<Record<ProviderName, string>> = {
  GitHub: 'GitHub',
  GitLab: 'GitLab',
  Bitbucket: 'Bitbucket',
  AzureDevOps: 'Azure DevOps',
};
