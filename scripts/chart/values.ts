import { LABEL_SELECTOR_PATTERN } from '../../src/lib/label-selector.ts';
import { PORT_PATTERN } from '../../src/lib/port.ts';
import { places } from '../release/places.ts';
import { connectionValues } from './connection-values.ts';
import { cidrPattern, containerSecurity, peer, podSecurity, policyRule } from './kubernetes-schemas.ts';
import { metricsValues } from './metrics-values.ts';
import { podValues } from './pod-values.ts';
import {
  annotations,
  choice,
  dataKey,
  dnsLabel,
  flag,
  givenName,
  handedThrough,
  integer,
  labels,
  list,
  objectName,
  port,
  section,
  text,
  type ValueSchema,
} from './value.ts';

/** An http or https URL without a path, or host:port; SOCKS is not supported. */
const proxyPattern =
  '^((https?://)?([^\\s/?#@]+@)?([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\\.?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?)?$';

/** A name or an address, with a port or without, that is called without the proxy. */
const directHost = `(([*A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+\\])(:${PORT_PATTERN})?|[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,})`;

/** An object of Kubernetes. */
const wholeObject: ValueSchema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata'],
  properties: {
    apiVersion: { type: 'string', minLength: 1 },
    kind: { type: 'string', minLength: 1 },
    metadata: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
  },
};

/** Every value of the chart, in the order of `values.yaml`. */
export const values: ValueSchema = section('Values of the chart codemie-git-operator.', {
  nameOverride: text('Replaces the name of the chart in names and labels.', '', {
    pattern: '^([a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)?$',
  }),
  fullnameOverride: text('Replaces the whole name of the objects.', '', {
    // As the name of a Service: RFC 1035.
    pattern: '^([a-z]([-a-z0-9]{0,38}[a-z0-9])?)?$',
  }),
  commonLabels: labels('Labels for every object, and for the Pods.'),

  image: section('The container image.', {
    registry: text('Host of the registry. A mirror goes here.', places.registry, {
      maxLength: 128,
      pattern: `^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:${PORT_PATTERN})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)?$`,
    }),
    repository: text('Name of the image in the registry.', places.imageRepository, {
      // An image's name has up to 255 letters with its registry.
      maxLength: 126,
      pattern: '^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$',
    }),
    tag: text('Tag. Empty: the version of the chart.', '', {
      pattern: '^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$',
    }),
    digest: text('Digest, such as sha256:…; wins over the tag.', '', {
      pattern: '^(sha256:[0-9a-f]{64})?$',
    }),
    pullPolicy: choice('When the image is pulled.', 'IfNotPresent', ['IfNotPresent', 'Always', 'Never']),
  }),

  imagePullSecrets: list(
    'Secrets with logins for the registry, such as {name: registry-login}.',
    {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: givenName },
    },
    [],
    { uniqueItems: true },
  ),

  crds: section('The CRDs of the three kinds.', {
    install: flag('Installs and upgrades the CRDs with the release. They are never deleted with it.', true),
  }),

  clusterName: text(
    'Name of this cluster in the owner marks in CodeMie. Set it before the first use and keep it. Empty: the UID of the namespace kube-system.',
    '',
    { pattern: '^[A-Za-z0-9._-]{0,63}$' },
  ),
  watchNamespaces: list(
    'Namespaces to work in, with permissions in these only. Empty: all namespaces.',
    dnsLabel,
    [],
    { uniqueItems: true },
  ),
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
      // The chart itself says whether it is within the bounds.
      pattern: '^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$',
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
          pattern: LABEL_SELECTOR_PATTERN,
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
        { pattern: `^[ ,]*((${directHost}|${cidrPattern})([ ,]+|$))*$` },
      ),
    },
  ),
  ca: section('Certificate authorities to trust in addition to the system roots, for all outgoing calls.', {
    kind: choice('Kind of the object in the namespace of the release that holds them.', 'ConfigMap', [
      'ConfigMap',
      'Secret',
    ]),
    name: objectName('Its name. Empty: none.'),
    key: dataKey('Its key with the PEM bundle.', 'ca.crt'),
  }),

  extraArgs: podValues.extraArgs,
  extraEnv: podValues.extraEnv,
  extraVolumes: podValues.extraVolumes,
  extraVolumeMounts: podValues.extraVolumeMounts,

  serviceAccount: section('The account of the Pods.', {
    create: flag('Creates the account.', true),
    name: objectName('Its name. Empty: that of the release.'),
    annotations: annotations('Annotations of the account.'),
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

  resources: podValues.resources,
  podSecurityContext: {
    ...handedThrough('Security context of the Pods.', {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    }),
    additionalProperties: false,
    properties: podSecurity,
  },
  securityContext: {
    ...handedThrough('Security context of the container.', {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    }),
    additionalProperties: false,
    properties: containerSecurity,
  },
  terminationGracePeriodSeconds: integer(
    'Grace period for in-flight work. The operator needs up to 28 seconds.',
    30,
    { minimum: 30 },
  ),
  podAnnotations: annotations('Annotations of the Pods.'),
  podLabels: labels('Labels of the Pods.'),
  priorityClassName: objectName('Priority class of the Pods.'),
  nodeSelector: labels('Labels of the nodes that may run the Pods.'),
  tolerations: podValues.tolerations,
  affinity: podValues.affinity,
  topologySpreadConstraints: podValues.topologySpreadConstraints,
  podDisruptionBudget: section('PodDisruptionBudget.', {
    enabled: flag('Creates one per Deployment.', true),
    maxUnavailable: {
      type: ['integer', 'string'],
      description: 'Pods that may be unavailable, a number or a percentage such as 50%.',
      default: 1,
      minimum: 0,
      pattern: '^(100|[0-9]{1,2})%$',
    },
  }),

  networkPolicy: section('NetworkPolicy.', {
    enabled: flag(
      'Allows egress to DNS, the API server, https and the port of CodeMie, ingress for metrics and probes, and nothing else.',
      false,
    ),
    apiServerPorts: list('Ports of the API server as Pods see it.', port, [443, 6443]),
    ports: list(
      'Further TCP ports for egress. Those of connection.url, its tokenURL and the proxy are added automatically.',
      port,
    ),
    metricsFrom: list(
      'Who may reach the port of metrics, as peers of a NetworkPolicy. Empty: every Pod of the cluster, and what reaches Pods from outside. metrics.auth decides who can read them.',
      peer,
    ),
    extraEgress: list('Further egress rules.', policyRule('to')),
    extraIngress: list('Further ingress rules.', policyRule('from')),
  }),

  metrics: metricsValues,

  extraObjects: list(
    'Further objects of the release, such as an ExternalSecret with the login. An object is taken as it is; a text is a template of Helm. Objects of codemie.ai do not belong here: an uninstall would wait for them.',
    { anyOf: [wholeObject, { type: 'string', minLength: 1 }] },
  ),
});
