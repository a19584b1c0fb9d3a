import * as fc from 'fast-check';

/** Texts that YAML takes for a number, a boolean or nothing when they are not quoted. */
const treacherous = ['123', '1e3', '0x1f', 'true', 'null', 'y', 'on', '1.5', '0123'];

const withLetter = treacherous.filter((text) => /^[a-z]/.test(text));
const objectName = fc.constantFrom(...treacherous, 'a.b', 'acme', 'a'.repeat(253));
const labelKey = fc.oneof(
  fc.constantFrom(...treacherous, 'team', 'app.kubernetes.io/part-of', 'app.kubernetes.io/version'),
  fc.stringMatching(
    /^([a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/,
  ),
);
const labelValue = fc.oneof(
  fc.constantFrom(...treacherous, '', 'a'.repeat(63)),
  fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/),
);
const labels = fc.dictionary(labelKey, labelValue, { maxKeys: 3 });
const annotations = fc.dictionary(
  labelKey,
  fc.oneof(fc.constantFrom(...treacherous, 'a: b', '# no', '- x'), fc.string()),
  {
    maxKeys: 3,
  },
);
const port = fc.integer({ min: 1, max: 65_535 });
const proxy = fc.oneof(
  fc.constantFrom(
    '',
    'proxy.example.com:3128',
    'http://proxy',
    'https://[fd00::1]:3129',
    'http://me:pw@proxy:1',
  ),
  port.map((number) => `http://proxy.example.com:${number}`),
);
const url = fc.constantFrom(
  'https://codemie.example.com/code-assistant-api',
  'https://codemie.example.com:8443',
  'http://codemie.codemie.svc:8080/api',
  'http://codemie.codemie.svc.cluster.local',
);
const secretRef = fc.record(
  { name: objectName, key: fc.constantFrom(...treacherous, 'a.b_c-D') },
  { requiredKeys: ['name'] },
);
const login = fc.oneof(
  fc.record({
    clientCredentials: fc.record(
      {
        tokenURL: url,
        clientID: fc.constantFrom('operator', ...treacherous),
        clientSecretRef: secretRef,
        scope: fc.constant('openid'),
      },
      { requiredKeys: ['tokenURL', 'clientID', 'clientSecretRef'] },
    ),
  }),
  fc.record({
    password: fc.record({ tokenURL: url, usernameSecretRef: secretRef, passwordSecretRef: secretRef }),
  }),
  fc.record({ localLogin: fc.record({ emailSecretRef: secretRef, passwordSecretRef: secretRef }) }),
  fc.record({ token: fc.record({ secretRef }) }),
);
const glob = fc.constantFrom('*', 'team-a', '123', 'true', 'team-*');
const connection = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      create: fc.constant(true),
      url,
      auth: login,
      authHeader: fc.constantFrom('Authorization', 'X-Auth-Request-Access-Token'),
      tls: fc.record({
        caRef: fc.record({ kind: fc.constantFrom('ConfigMap', 'Secret'), name: objectName }),
      }),
      limits: fc.record({ concurrency: fc.integer({ min: 1, max: 64 }) }),
      providerHosts: fc.uniqueArray(
        fc.constantFrom('github.com', '*.example.com', 'gitlab.example.com:8443', '1.2', '123'),
      ),
      allowPrivateNetworks: fc.boolean(),
      projects: fc.record({ allowed: fc.uniqueArray(glob), createMissing: fc.boolean() }),
      consumers: fc.array(
        fc.record(
          {
            namespaces: fc.uniqueArray(glob),
            namespaceSelector: fc.record({ matchLabels: labels }),
            projects: fc.uniqueArray(glob, { minLength: 1 }),
          },
          { requiredKeys: ['namespaces', 'projects'] },
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['create', 'url', 'auth'] },
  ),
);
const selector = fc.constantFrom('a=b', '!a', 'a', 'example.com/a != b', 'a in (b, c),d notin (e)', 'a==1e3');
const metrics = fc.record(
  {
    service: fc.record({ annotations }),
    auth: fc.record({ enabled: fc.boolean(), tokenSecret: fc.record({ name: objectName }) }),
    tls: fc.record({ secretName: fc.oneof(fc.constant(''), objectName) }),
    serviceMonitor: fc.record({
      enabled: fc.boolean(),
      labels,
      interval: fc.constantFrom('', '0', '30s', '1m30s'),
      scrapeTimeout: fc.constantFrom('', '0', '10s'),
      relabelings: fc.constantFrom([], [{ action: 'labeldrop', regex: 'y|on' }]),
      metricRelabelings: fc.constantFrom([], [{ sourceLabels: ['__name__'], regex: '1e3', action: 'drop' }]),
    }),
    prometheusRule: fc.record({ enabled: fc.boolean(), labels }),
    dashboard: fc.record({ enabled: fc.boolean(), labels, annotations }),
  },
  { requiredKeys: [] },
);

/** Values that an administrator may write: whatever the table of the chart allows, with a taste for edges. */
export const legalValues = fc.record(
  {
    nameOverride: fc.constantFrom('', ...treacherous.filter((text) => !text.includes('.')), 'a'.repeat(40)),
    fullnameOverride: fc.constantFrom('', ...withLetter, 'a'.repeat(40)),
    commonLabels: labels,
    image: fc.record(
      {
        registry: fc.constantFrom('', 'ghcr.io', 'localhost:5000', 'r.example.com/mirror'),
        repository: fc.constantFrom('operator', '123', 'a/b__c/d-e'),
        tag: fc.constantFrom('', '1', '1e3', 'v1.2_3-x'),
        digest: fc.constantFrom('', `sha256:${'0'.repeat(64)}`),
      },
      { requiredKeys: [] },
    ),
    imagePullSecrets: fc.uniqueArray(fc.record({ name: objectName }), {
      selector: ({ name }) => name,
      maxLength: 2,
    }),
    clusterName: fc.constantFrom('1e3', 'true', 'a'.repeat(63)),
    watchNamespaces: fc.constantFrom([], ['123'], ['true', 'team-a']),
    clusterConnections: fc.constant(true),
    workers: fc.integer({ min: 1, max: 64 }),
    tenantPrivateNetworks: fc.boolean(),
    connection,
    replicas: fc.integer({ min: 0, max: 5 }),
    leaderElection: fc.record({ leaseDuration: fc.constantFrom('3s', '1h', '1m30s', '59m60s') }),
    shards: fc.oneof(
      fc.constant([]),
      selector.map((text) => [
        { name: '1e3', selector: text },
        { name: 'a'.repeat(16), selector: 'rest', connections: true },
      ]),
    ),
    proxy: fc.record({
      httpsProxy: proxy,
      httpProxy: proxy,
      noProxy: fc.constantFrom('', '.svc,10.0.0.0/8'),
    }),
    ca: fc.record({
      kind: fc.constantFrom('ConfigMap', 'Secret'),
      name: objectName,
      key: fc.constantFrom('1e3', 'ca.crt'),
    }),
    extraArgs: fc.constantFrom(
      [],
      ['--metrics-address=:9090', '--refusal-window=2m'],
      ['--traces-sample-ratio=0.5'],
    ),
    extraEnv: fc.constantFrom(
      [],
      [
        { name: 'TZ', value: '1e3' },
        { name: 'NO_COLOR', value: '' },
      ],
    ),
    extraVolumes: fc.constantFrom([], [{ name: '123', emptyDir: {} }]),
    serviceAccount: fc.record({
      create: fc.boolean(),
      name: fc.oneof(fc.constant(''), objectName),
      annotations,
    }),
    rbac: fc.record({ create: fc.boolean(), aggregate: fc.boolean() }),
    admissionPolicies: fc.record({ enabled: fc.boolean() }),
    resources: fc.constantFrom(
      {},
      { requests: { cpu: 1, memory: '1e9' }, limits: { 'example.com/gpu': '1', memory: '1Gi' } },
    ),
    podAnnotations: annotations,
    podLabels: labels,
    priorityClassName: fc.constantFrom('', 'system-cluster-critical'),
    nodeSelector: labels,
    tolerations: fc.constantFrom(
      [],
      [{ operator: 'Exists' }, { key: 'a/b', value: '1', effect: 'NoExecute', tolerationSeconds: 5 }],
    ),
    topologySpreadConstraints: fc.constantFrom(
      [],
      [{ maxSkew: 2, topologyKey: '123', whenUnsatisfiable: 'DoNotSchedule', minDomains: 2 }],
    ),
    podDisruptionBudget: fc.record({ maxUnavailable: fc.constantFrom(0, 1, '0%', '100%') }),
    networkPolicy: fc.record({
      enabled: fc.boolean(),
      ports: fc.uniqueArray(port, { maxLength: 2 }),
      metricsFrom: fc.constantFrom([], [{ namespaceSelector: { matchLabels: { name: '123' } } }]),
    }),
    metrics,
    extraObjects: fc.subarray([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'extra-1' },
        data: { text: '{{ of.others }}' },
      },
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name | quote }} }\n',
      '{ apiVersion: v1, kind: ServiceAccount, metadata: { name: extra-2, labels: { release: "{{ .Release.Name }}" } } }',
    ]),
  },
  { requiredKeys: ['clusterName', 'clusterConnections'] },
);

/** Names that Helm takes for a release, and of namespaces. */
export const releaseNames = fc.constantFrom(
  ...treacherous,
  'codemie-git-operator',
  'a.b-c',
  `${'a'.repeat(30)}.${'b'.repeat(22)}`,
  'a'.repeat(53),
);
