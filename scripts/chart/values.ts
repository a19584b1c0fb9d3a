import { connectionValues } from './connection-values.ts';
import { metricsValues } from './metrics-values.ts';
import {
  choice,
  flag,
  handedThrough,
  integer,
  list,
  section,
  strings,
  text,
  type ValueSchema,
} from './value.ts';

const object: ValueSchema = { type: 'object' };

/** An http or https URL without a path, or host:port; SOCKS is not supported. */
const proxyPattern =
  '^((https?://)?([^\\s/?#@]+@)?([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?)?$';

/** Every value of the chart, in the order of `values.yaml`. */
export const values: ValueSchema = section('Values of the chart codemie-git-operator.', {
  nameOverride: text('Replaces the name of the chart in names and labels.', '', { maxLength: 40 }),
  fullnameOverride: text('Replaces the whole name of the objects.', '', { maxLength: 40 }),
  commonLabels: strings('Labels for every object.'),

  image: section('The container image.', {
    registry: text('Host of the registry. A mirror goes here.', 'ghcr.io'),
    repository: text('Name of the image in the registry.', 'codemie-ai/codemie-git-operator', {
      minLength: 1,
    }),
    tag: text('Tag. Empty: the version of the chart.', ''),
    digest: text('Digest, such as sha256:…; wins over the tag.', '', {
      pattern: '^(sha256:[0-9a-f]{64})?$',
    }),
    pullPolicy: choice('When the image is pulled.', 'IfNotPresent', ['IfNotPresent', 'Always', 'Never']),
    pullSecrets: list('Names of the Secrets with logins for the registry.', {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: { type: 'string', minLength: 1 } },
    }),
  }),

  crds: section('The CRDs of the three kinds.', {
    install: flag('Installs and upgrades the CRDs with the release. They are never deleted with it.', true),
  }),

  clusterName: text(
    'Name of this cluster in the owner marks in CodeMie. Set it before the first use and keep it. Empty: the UID of the namespace kube-system.',
    '',
    { pattern: '^[A-Za-z0-9._-]{0,63}$' },
  ),
  watchNamespaces: list('Namespaces to work in, with permissions in these only. Empty: all namespaces.', {
    type: 'string',
    pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
  }),
  clusterConnections: flag(
    'Whether to follow ClusterCodeMieConnections although watchNamespaces is set.',
    false,
  ),
  workers: integer('Concurrent reconciles per kind; those that wait for a server do not count.', 4, {
    minimum: 1,
    maximum: 64,
  }),
  logLevel: choice('Minimum log level.', 'info', ['debug', 'info', 'warn', 'error']),
  tenantPrivateNetworks: flag(
    'Whether a CodeMieConnection of a namespace may allow private addresses.',
    false,
  ),

  connection: connectionValues,

  replicas: integer('Pods per Deployment. One leads, the others are on standby.', 2, { minimum: 0 }),
  leaderElection: section('Leader election among the replicas.', {
    enabled: flag('Has to be on for more than one replica.', true),
    leaseDuration: text('How long the others wait for a leader that stops renewing, 3s to 1h.', '15s', {
      pattern: '^([0-9]+h)?([0-9]+m)?([0-9]+s)?$',
      minLength: 2,
    }),
  }),
  shards: list(
    'Divides the GitIntegrations by their labels, with a Deployment and a Lease each. Empty: one Deployment for all. Together the selectors must match every integration exactly once.',
    {
      type: 'object',
      required: ['name', 'selector'],
      additionalProperties: false,
      properties: {
        name: {
          type: 'string',
          description: 'Ends the names of the objects of the shard.',
          pattern: '^[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?$',
        },
        selector: {
          type: 'string',
          description: 'Label selector of the GitIntegrations, such as codemie.ai/shard=a.',
          minLength: 1,
        },
        connections: {
          type: 'boolean',
          description: 'Whether it reconciles connections, which exactly one shard must do.',
        },
      },
    },
  ),

  proxy: section(
    'Outbound proxy for calls to providers, CodeMie and identity providers, not to the Kubernetes API.',
    {
      httpsProxy: text('Proxy for https: its URL, or host:port. With a password in it: see extraEnv.', '', {
        pattern: proxyPattern,
      }),
      httpProxy: text('Proxy for plain http: its URL, or host:port.', '', { pattern: proxyPattern }),
      noProxy: text(
        'Hosts to call directly, separated by commas: names, addresses and CIDR blocks.',
        '.svc,.cluster.local',
        { pattern: '^([*A-Za-z0-9_.:\\[\\]-]+(/[0-9]{1,3})?|[ ,])*$' },
      ),
    },
  ),
  ca: section('Certificate authorities to trust in addition to the system roots, for all outgoing calls.', {
    kind: choice('Kind of the object in the namespace of the release that holds them.', 'ConfigMap', [
      'ConfigMap',
      'Secret',
    ]),
    name: text('Its name. Empty: none.', ''),
    key: text('Its key with the PEM bundle.', 'ca.crt', { minLength: 1 }),
  }),

  extraArgs: list('Further flags of the operator, such as --log-level=debug.', {
    type: 'string',
    minLength: 1,
  }),
  extraEnv: list('Further environment variables of the container.', {
    type: 'object',
    required: ['name'],
  }),
  extraVolumes: list('Further volumes of the Pods.', object),
  extraVolumeMounts: list('Further mounts of the container.', object),

  serviceAccount: section('The account of the Pods.', {
    create: flag('Creates the account.', true),
    name: text('Its name. Empty: that of the release.', ''),
    annotations: strings('Annotations of the account.'),
  }),
  rbac: section('Permissions.', {
    create: flag('Creates the roles of the operator and binds them to the account.', true),
    aggregate: flag("Adds the kinds to the cluster's own roles view, edit and admin.", true),
  }),
  admissionPolicies: section('ValidatingAdmissionPolicies, see docs/tenancy.md.', {
    enabled: flag(
      'Installs two: users who name a ClusterCodeMieConnection, or change an integration that does, need the verb use on it, and are warned where its consumers do not cover the namespace and the project.',
      false,
    ),
  }),

  resources: handedThrough(
    'Resources of the container. 10,000 integrations need less than 250 MB of memory.',
    { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  ),
  podSecurityContext: handedThrough('Security context of the Pods.', {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  }),
  securityContext: handedThrough('Security context of the container.', {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  }),
  terminationGracePeriodSeconds: integer(
    'Grace period for in-flight work. The operator needs up to 28 seconds.',
    30,
    { minimum: 30 },
  ),
  podAnnotations: strings('Annotations of the Pods.'),
  podLabels: strings('Labels of the Pods.'),
  priorityClassName: text('Priority class of the Pods.', ''),
  nodeSelector: strings('Labels of the nodes that may run the Pods.'),
  tolerations: list('Taints that the Pods tolerate.', object),
  affinity: handedThrough('Affinity of the Pods.'),
  topologySpreadConstraints: list(
    'How the Pods spread. A constraint without labelSelector gets that of its Deployment.',
    { type: 'object', required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'] },
    [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  ),
  podDisruptionBudget: section('PodDisruptionBudget.', {
    enabled: flag('Creates one per Deployment.', true),
    maxUnavailable: {
      type: ['integer', 'string'],
      description: 'Pods that may be unavailable, a number or a percentage such as 50%.',
      default: 1,
    },
  }),

  networkPolicy: section('NetworkPolicy.', {
    enabled: flag(
      'Allows egress to DNS, the API server, https and the port of CodeMie, ingress for metrics and probes, and nothing else.',
      false,
    ),
    apiServerPorts: list(
      'Ports of the API server as Pods see it.',
      { type: 'integer', minimum: 1, maximum: 65535 },
      [443, 6443],
    ),
    ports: list(
      'Further TCP ports for egress. Those of connection.url, its tokenURL and the proxy are added automatically.',
      { type: 'integer', minimum: 1, maximum: 65535 },
    ),
    metricsFrom: list(
      'Who may reach the port of metrics, as peers of a NetworkPolicy. Empty: every Pod of the cluster, and what reaches Pods from outside. metrics.auth decides who can read them.',
      object,
    ),
    extraEgress: list('Further egress rules.', object),
    extraIngress: list('Further ingress rules.', object),
  }),

  metrics: metricsValues,
});
