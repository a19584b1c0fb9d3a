import { expect, it } from 'vitest';
import { type Manifest, manifestsOf, template } from './render.ts';

const names = ['-a', 'A', 'a_b', 'a..b', 'a/b', 'a'.repeat(254)];
const labels = [
  { 'a b': 'x' },
  { '/x': 'x' },
  { 'A.com/x/y': 'x' },
  { x: 'a b' },
  { x: 'a'.repeat(64) },
  { x: '-' },
];
const env = [
  [{ name: '1A', value: 'x' }],
  [{ name: 'A B', value: 'x' }],
  [{ name: 'A', value: 1 }],
  [{ value: 'x' }],
  [{ name: 'A', valueFrom: { secretKeyRef: {} } }],
  [{ name: 'A', valueFrom: { secretKeyRef: { name: 'A b', key: 'x' } } }],
  [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: '..' } } }],
  [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'a' } } }],
  [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nam' } } }],
  [{ name: 'A', valueFrom: { resourceFieldRef: { ressource: 'cpu' } } }],
  [{ name: 'A', valueFrom: { secretRef: { name: 'a' } } }],
];

const aSpread = { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' };

/**
 * Values that the API server or the operator would not accept, by the path that the refusal has to name. Each stands
 * for its kind; the schema reports all of them at once.
 */
const illegal: Record<string, unknown[]> = {
  '/nameOverride': ['Op', 'a.b', 'a-', 'a'.repeat(41), 1, true],
  '/fullnameOverride': ['1e3', '123', 'a.b', 'A', 'a'.repeat(41)],
  '/commonLabels': labels,
  '/podLabels': labels,
  '/nodeSelector': labels,
  '/podAnnotations': [{ 'a b': 'x' }, { x: 1 }, { x: null, y: ['z'] }],
  '/image/registry': [
    'https://ghcr.io',
    'ghcr.io/',
    'a b',
    'user@host',
    'ghcr.io:70000',
    'ghcr.io:0',
    'ghcr.io/Upper',
  ],
  '/image/repository': ['', 'A', 'a//b', 'a:b', '/a', 'a b', 'a'.repeat(127)],
  '/image/tag': ['-x', 'a b', 'a:b', 'a/b', 'a'.repeat(129), 1.2],
  '/imagePullSecrets/0': [{ name: 'A' }, {}, { name: '' }, { secret: 'x' }],
  '/extraObjects/0': [
    {},
    '',
    { apiVersion: 'v1', kind: 'Secret', metadata: {} },
    { kind: 'Secret', metadata: { name: 'a' } },
    1,
  ],
  '/clusterName': ['a b', 'ä', 'a'.repeat(64)],
  '/watchNamespaces': [['A'], ['a.b'], ['a', 'a'], [''], 'a'],
  '/leaderElection/leaseDuration': ['', '15', '15 s', '1d', '-3s', '1.5s'],
  '/shards/0': [
    { name: 'a', selector: 'a in b' },
    { name: 'a', selector: '' },
    { name: 'a', selector: 'a=b,,c' },
    { name: 'A', selector: 'a' },
    { name: 'a', selector: 'a=b;c' },
  ],
  '/proxy/httpsProxy': [
    'socks5://p:1',
    'ftp://p',
    'http://p:x',
    'p q',
    'http://p/x',
    'p:',
    'p:+1',
    'p: 1',
    'p:123456',
    'p..x:1',
    'http://[::1',
  ],
  '/proxy/noProxy': [
    '10.0.0.0/33',
    'fd00::/129',
    'git.corp/8',
    'http://git.corp',
    'a b/c',
    'a:',
    'a:0',
    'a:0443',
    'a:65536',
    '[::1]:99999',
    'a:+1',
    'a:b',
  ],
  '/ca/name': names,
  '/ca/key': ['', 'a/b', 'a b', '..', '..a', '.'],
  '/extraArgs/0': [
    '--no-such-flag=1',
    '--metrics-address',
    'metrics-address=:1',
    '--metrics-address=9090',
    '--leader-elect=false',
    '--log-level=debug',
    '--probe-address=:99999',
    '--metrics-address=:0',
    '--refusal-window=',
    '--refusal-window=11m',
    '--refusal-window=10m1s',
    '--traces-endpoint=http://collector:99999',
    '--traces-sample-ratio=1.5',
  ],
  '/extraEnv/0': env.map(([each]) => each),
  '/extraVolumes/0': [
    { emptyDir: {} },
    { name: 'A' },
    { name: 'a.b' },
    { name: 'a', emptyDir: {}, secret: { secretName: 'x' } },
    { name: 'a', secrets: { secretName: 'x' } },
    { name: 'a', emptyDir: 'Memory' },
  ],
  '/extraVolumeMounts/0': [
    { name: 'a' },
    { name: 'a', mountPath: '/a:b' },
    { name: 'a', mountPath: '' },
    { mountPath: '/a' },
    { name: 'a', mountPath: '/a', subPath: '../b' },
    { name: 'a', mountPath: '/a', subPath: '/b' },
    { name: 'a', mountPath: '/a', subPath: 'b', subPathExpr: 'c' },
    { name: 'a', mountPath: '/a', readOnly: 'yes' },
  ],
  '/serviceAccount/name': names,
  '/priorityClassName': names,
  '/resources': [
    { limit: {} },
    { limits: { memory: '1 Gi' } },
    { limits: { memory: -1 } },
    { requests: { ram: '1Gi' } },
    { limits: { cpu: true } },
  ],
  '/tolerations/0': [
    {},
    { key: 'a b' },
    { key: 'a', operator: 'In' },
    { key: 'a', effect: 'Never' },
    { operator: 'Exists', value: 'x' },
    { key: 'a', tolerationSeconds: 1 },
  ],
  '/affinity': [
    { podAffinities: {} },
    { nodeAffinity: [] },
    { nodeAffinity: { required: [] } },
    { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] } },
    {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 101, podAffinityTerm: { topologyKey: 'a' } },
        ],
      },
    },
    {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'a', labelSelector: { matchLabel: {} } },
        ],
      },
    },
  ],
  '/podSecurityContext': [
    { runAsuser: 1 },
    { runAsUser: 'nobody' },
    { runAsUser: -1 },
    { fsGroupChangePolicy: 'Never' },
    { seccompProfile: { type: 'Default' } },
    { capabilities: { drop: ['ALL'] } },
  ],
  '/securityContext': [
    { priviledged: true },
    { capabilities: { dropped: ['ALL'] } },
    { fsGroup: 1 },
    { readOnlyRootFilesystem: 'true' },
    { procMount: 'Masked' },
  ],
  '/topologySpreadConstraints/0': [
    { maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 1, topologyKey: '', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'Never' },
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 },
    { ...aSpread, labelSelector: { matchLabels: { 'a b': 'x' } } },
    { ...aSpread, labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    { ...aSpread, labelSelector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } },
  ],
  '/podDisruptionBudget/maxUnavailable': ['50', '101%', -1, '-1%', '1.5%'],
  '/networkPolicy/apiServerPorts/0': [0, 65_536, '443'],
  '/networkPolicy/metricsFrom/0': [
    {},
    { pods: {} },
    { ipBlock: {}, podSelector: {} },
    { ipBlock: { cidr: '10.0.0.1' } },
    { ipBlock: { cidr: '10.0.0.256/8' } },
    { ipBlock: { cidr: '10.0.0.0/8', except: ['all'] } },
    { podSelector: { matchLabels: { 'a b': 'x' } } },
    { namespaceSelector: { matchLabel: { a: 'x' } } },
  ],
  '/networkPolicy/extraEgress/0': [
    { from: [] },
    { to: [{}] },
    { ports: [{ port: 70_000 }] },
    { ports: [{ port: 443, protocol: 'HTTP' }] },
    { ports: [{ port: 'Https' }] },
    { ports: [{ port: 'https', endPort: 444 }] },
    { ports: [443] },
  ],
  '/metrics/tls/secretName': names,
  '/metrics/auth/tokenSecret/name': names,
  '/metrics/auth/tokenSecret/key': ['', 'a b'],
  '/metrics/serviceMonitor/interval': ['30', '1.5s', '30 s', '-1s', 's30'],
  '/metrics/serviceMonitor/labels': labels,
  '/metrics/dashboard/labels': labels,
  '/connection/url': [
    'codemie.example.com',
    'ftp://x',
    'https://u:p@x',
    'https://x?a=b',
    'https://*.x',
    'https://a b',
  ],
  '/connection/providerHosts/0': [
    'https://github.com',
    'GitHub.com',
    'a/b',
    'a:0',
    '',
    'a:',
    'a:99999',
    'a:65536',
    'a:0443',
    'a:+1',
    'a: 1',
  ],
  '/connection/consumers/0': [
    { projects: ['a'] },
    { namespaces: ['a'], projects: [] },
    { namespaces: ['A'], projects: ['a'] },
    { namespaces: ['a'], projects: [' a'] },
  ],
  '/connection/auth/clientCredentials': [
    { clientID: 'x', clientSecretRef: { name: 'x' }, tokenURL: 'x' },
    { clientID: '', clientSecretRef: { name: 'x' }, tokenURL: 'https://x' },
    { clientID: 'x', clientSecretRef: { name: 'X' }, tokenURL: 'https://x' },
    { clientID: 'x', clientSecretRef: { name: 'x', key: 'a/b' }, tokenURL: 'https://x' },
  ],
  '/connection/tls': [{}, { caRef: { name: 'A' } }, { caRef: { kind: 'File', name: 'a' } }],
};

const rounds = Math.max(...Object.values(illegal).map((values) => values.length));

it.each(Array.from({ length: rounds }, (_, round) => round))(
  'refuses illegal values by their names (%i)',
  async (round) => {
    const values: Record<string, unknown> = {};
    const expected = Object.entries(illegal).filter(([, each]) => round < each.length);
    for (const [path, each] of expected) put(values, path.slice(1).split('/'), each[round]);
    const { code, stderr } = await template(values);
    expect(code).toBe(1);
    const silent = expected.filter(([path]) => !stderr.includes(`at '${path}`));
    expect(silent.map(([path, each]) => [path, each[round]])).toEqual([]);
  },
);

const identity = ({ kind, metadata }: Manifest): string =>
  `${kind} ${metadata.namespace ?? ''} ${metadata.name}`;

it.each([
  ['with the same first letters in one namespace', 'a', `${'x'.repeat(41)}1`, 'a', `${'x'.repeat(41)}2`],
  ['that differ in a dot', 'a', 'op.a-codemie-git-operator', 'a', 'op-a-codemie-git-operator'],
  ['of one name in two namespaces', 'a', 'op', 'b', 'op'],
])('gives releases %s separate objects', async (_name, namespace, release, otherNamespace, other) => {
  const objects = async (place: string, name: string) => {
    const values = {
      crds: { install: false },
      watchNamespaces: [`team-${place}`],
      clusterName: 'prod',
      clusterConnections: true,
      admissionPolicies: { enabled: true },
      metrics: { auth: { enabled: true } },
    };
    const { stdout } = await template(values, { namespace: place, release: name });
    return manifestsOf(stdout).map(identity);
  };
  const first = new Set(await objects(namespace, release));
  expect(first.size).toBeGreaterThan(10);
  expect((await objects(otherNamespace, other)).filter((each) => first.has(each))).toEqual([]);
});

function put(values: Record<string, unknown>, path: string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) values[name] = value;
  else if (rest[0] === '0') values[name] = [value];
  else {
    const child = (values[name] ??= {});
    put(Object(child), rest, value);
  }
}
