/** A connection as an installation describes it. */
export const connection = {
  create: true,
  url: 'https://codemie.example.com/code-assistant-api',
  auth: {
    clientCredentials: {
      tokenURL: 'https://auth.example.com:8443/auth/realms/codemie-prod/protocol/openid-connect/token',
      clientID: 'codemie-git-operator',
      clientSecretRef: { name: 'codemie-login' },
    },
  },
  consumers: [{ namespaces: ['team-a'], projects: ['demo'] }],
};

/** Two shards, of which the second one takes what has no label and handles the connections. */
export const shards = [
  { name: 'a', selector: 'codemie.ai/shard=a' },
  { name: 'rest', selector: 'codemie.ai/shard notin (a)', connections: true },
];

/**
 * Values that an administrator might write, one matter each. All of them render, and the API server takes the objects.
 */
export const variants: [name: string, values: object][] = [
  ['nothing', {}],
  ['a connection', { connection }],
  [
    'a connection with every field',
    {
      connection: {
        ...connection,
        url: 'http://codemie.codemie.svc:8080',
        insecure: false,
        auth: {
          localLogin: { emailSecretRef: { name: 'l', key: 'mail' }, passwordSecretRef: { name: 'l' } },
        },
        authHeader: 'X-Auth-Request-Access-Token',
        tls: { caRef: { kind: 'Secret', name: 'our-ca', key: 'tls.crt' } },
        limits: { concurrency: 2, requestsPerSecond: 5 },
        providerHosts: ['github.com', 'api.github.com', '*.example.com'],
        allowPrivateNetworks: true,
        projects: { allowed: ['team-*'], createMissing: true },
        consumers: [{ namespaceSelector: { matchLabels: { codemie: 'enabled' } }, projects: ['*'] }],
      },
    },
  ],
  ['one replica without leader election', { replicas: 1, leaderElection: { enabled: false } }],
  ['shards', { shards, connection }],
  ['named namespaces', { watchNamespaces: ['team-a', 'team-b'], clusterName: 'prod' }],
  [
    'named namespaces and the connections of the cluster',
    { watchNamespaces: ['team-a'], clusterName: 'prod', clusterConnections: true, connection },
  ],
  ['metrics for those who may', { metrics: { auth: { enabled: true } } }],
  [
    'metrics for those who may, with a certificate, in named namespaces',
    {
      watchNamespaces: ['team-a'],
      clusterName: 'prod',
      metrics: {
        auth: { enabled: true },
        tls: { secretName: 'metrics-tls' },
      },
    },
  ],
  [
    'a mirror',
    {
      image: {
        registry: 'registry.example.com:5000',
        repository: 'mirror/operator',
        digest: `sha256:${'0'.repeat(64)}`,
        pullPolicy: 'Always',
      },
      imagePullSecrets: [{ name: 'mirror' }],
    },
  ],
  ['an image without a registry', { image: { registry: '', repository: 'operator', tag: 'dev' } }],
  [
    'a proxy and an authority',
    {
      proxy: { httpsProxy: 'http://proxy.example.com:3128', noProxy: '.svc,10.0.0.0/8' },
      ca: { kind: 'Secret', name: 'our-ca', key: 'root.pem' },
    },
  ],
  ['an authority in a ConfigMap', { ca: { name: 'our-ca' } }],
  [
    'a network policy',
    {
      connection,
      networkPolicy: {
        enabled: true,
        ports: [8443],
        metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
        extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
        extraIngress: [{ from: [{ podSelector: {} }] }],
      },
    },
  ],
  [
    'all about Pods',
    {
      replicas: 3,
      workers: 16,
      logLevel: 'debug',
      clusterName: 'prod-1',
      tenantPrivateNetworks: true,
      commonLabels: { team: 'platform' },
      podLabels: { sidecar: 'none' },
      podAnnotations: { note: 'a: b' },
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'rack',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { own: 'yes' } },
        },
      ],
      terminationGracePeriodSeconds: 45,
      podDisruptionBudget: { maxUnavailable: '50%' },
      extraArgs: ['--metrics-address=:9090'],
      extraEnv: [{ name: 'TZ', value: 'UTC' }],
      extraVolumes: [{ name: 'tmp', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      resources: {},
    },
  ],
  ['no Services, budgets, roles and definitions', nothingOptional()],
  [
    'names of its own',
    {
      fullnameOverride: 'operator',
      nameOverride: 'op',
      serviceAccount: { name: 'somebody', annotations: { 'example.com/role': 'x' } },
    },
  ],
  [
    'the user and group ids of the platform, as OpenShift assigns them',
    { podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null } },
  ],
  [
    'objects of the administrator',
    {
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { theirs: '{{ .token }}' } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "two-{{ .Release.Name }}" }',
      ],
    },
  ],
  ['a dashboard', { metrics: { dashboard: { enabled: true, annotations: { folder: 'CodeMie' } } } }],
  ['values of a chart around it', { global: { any: 'thing' }, enabled: true }],
];

function nothingOptional(): object {
  return {
    metrics: { service: { enabled: false } },
    podDisruptionBudget: { enabled: false },
    rbac: { create: false },
    serviceAccount: { create: false },
    crds: { install: false },
    topologySpreadConstraints: [],
  };
}
