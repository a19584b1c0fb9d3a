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
      noProxy: fc.constantFrom(
        '',
        '.svc,10.0.0.0/8',
        '*',
        ' a.b, fd00::/64 [::1]:80',
        '127.0.0.1/32,git.corp:8443,',
      ),
    }),
    ca: fc.record({
      kind: fc.constantFrom('ConfigMap', 'Secret'),
      name: objectName,
      key: fc.constantFrom('1e3', 'ca.crt'),
    }),
    extraArgs: fc.constantFrom(
      [],
      ['--metrics-address=:9090', '--refusal-window=2m'],
      ['--metrics-address=[::]:65535', '--probe-address=127.0.0.1:1', '--refusal-window=9m59s'],
      ['--traces-sample-ratio=0.5', '--traces-endpoint=http://collector:4318/v1/traces'],
      ['--traces-endpoint=http://[fd00::1]:4318/v1/traces'],
      ['--refusal-window=600s'],
      ['--refusal-window=10m', '--traces-endpoint=https://collector.example.com'],
    ),
    extraEnv: fc.constantFrom(
      [],
      [
        { name: 'TZ', value: '1e3' },
        { name: 'NO_COLOR', value: '' },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'TEAM', valueFrom: { fieldRef: { fieldPath: "metadata.labels['team']" } } },
        { name: 'FROM', valueFrom: { secretKeyRef: { name: '123', key: '.hidden', optional: true } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      ],
    ),
    extraVolumes: fc.constantFrom(
      [],
      [{ name: '123', emptyDir: {} }, { name: 'bare' }],
      [
        { name: 'a', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        { name: 'b', csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true } },
      ],
    ),
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
      { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: 1, memory: '1Gi' } },
      { requests: { cpu: '0.1', memory: '1M' }, limits: { cpu: '100m', memory: '1000k' } },
    ),
    podSecurityContext: fc.constantFrom(
      {},
      { runAsUser: null, runAsGroup: null, fsGroup: null },
      {
        supplementalGroups: [1, 2],
        fsGroupChangePolicy: 'OnRootMismatch',
        seLinuxOptions: { level: 's0:c1,c2' },
      },
      { windowsOptions: null, supplementalGroupsPolicy: 'Merge', seLinuxChangePolicy: null, sysctls: [] },
      { runAsUser: 2_147_483_647, seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } },
    ),
    securityContext: fc.constantFrom(
      {},
      { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] }, runAsNonRoot: true },
      { privileged: true, allowPrivilegeEscalation: true },
      { readOnlyRootFilesystem: null, procMount: 'Default', windowsOptions: null },
    ),
    affinity: fc.constantFrom(
      {},
      {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 1,
              preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] },
            },
          ],
        },
      },
      {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                topologyKey: 'kubernetes.io/hostname',
                namespaceSelector: {},
                labelSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b', ''] }] },
              },
            },
          ],
        },
      },
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
      metricsFrom: fc.constantFrom(
        [],
        [{ namespaceSelector: { matchLabels: { name: '123' } }, podSelector: {} }],
        [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, { ipBlock: { cidr: 'fd00::/8' } }],
      ),
      extraEgress: fc.constantFrom(
        [],
        [{ ports: [{ port: 8000, endPort: 9000 }, { port: 'https', protocol: 'UDP' }, { protocol: 'TCP' }] }],
        [{ to: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }] }, {}],
      ),
      extraIngress: fc.constantFrom([], [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }]),
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
