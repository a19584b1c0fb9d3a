import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Manifest, manifestsOf, template } from './render.ts';
import { connection } from './variants.ts';

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
];

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
  '/image/registry': ['https://ghcr.io', 'ghcr.io/', 'a b', 'user@host'],
  '/image/repository': ['', 'A', 'a//b', 'a:b', '/a', 'a b'],
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
  '/proxy/httpsProxy': ['socks5://p:1', 'ftp://p', 'http://p:x', 'p q', 'http://p/x'],
  '/ca/name': names,
  '/ca/key': ['', 'a/b', 'a b'],
  '/extraArgs/0': [
    '--no-such-flag=1',
    '--metrics-address',
    'metrics-address=:1',
    '--metrics-address=9090',
    '--leader-elect=false',
    '--log-level=debug',
  ],
  '/extraEnv/0': env.map(([each]) => each),
  '/extraVolumes/0': [{ emptyDir: {} }, { name: 'A' }, { name: 'a.b' }],
  '/extraVolumeMounts/0': [
    { name: 'a' },
    { name: 'a', mountPath: '/a:b' },
    { name: 'a', mountPath: '' },
    { mountPath: '/a' },
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
  '/affinity': [{ podAffinities: {} }, { nodeAffinity: [] }],
  '/topologySpreadConstraints/0': [
    { maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 1, topologyKey: '', whenUnsatisfiable: 'DoNotSchedule' },
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'Never' },
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 },
  ],
  '/podDisruptionBudget/maxUnavailable': ['50', '101%', -1, '-1%', '1.5%'],
  '/networkPolicy/apiServerPorts/0': [0, 65_536, '443'],
  '/networkPolicy/metricsFrom/0': [{}, { pods: {} }, { ipBlock: {}, podSelector: {} }],
  '/networkPolicy/extraEgress/0': [{ from: [] }, { to: [{}] }],
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
  '/connection/providerHosts/0': ['https://github.com', 'GitHub.com', 'a/b', 'a:0', ''],
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

const own = 'app.kubernetes.io/instance';
const volume = { name: 'tmp', emptyDir: {} };
const spread = { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' };

const connectionObject = {
  kind: 'ClusterCodeMieConnection',
  apiVersion: 'codemie.ai/v1alpha1',
  metadata: { name: 'default' },
};
const ownObjects = [
  connectionObject,
  JSON.stringify(connectionObject),
  stringify(connectionObject),
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n---\n${stringify(connectionObject)}`,
  { apiVersion: 'v1', kind: 'List', metadata: { name: 'all' }, items: [connectionObject] },
];

it.each<[sentence: string, values: object]>([
  ['leaderElection.leaseDuration: must be 3s to 1h, not 1s.', { leaderElection: { leaseDuration: '1s' } }],
  [
    'leaderElection.leaseDuration: must be 3s to 1h, not 1h1s.',
    { leaderElection: { leaseDuration: '1h1s' } },
  ],
  [`commonLabels: the label ${own} is set by the chart.`, { commonLabels: { [own]: 'x' } }],
  [
    'podLabels: the label app.kubernetes.io/name is set by the chart.',
    { podLabels: { 'app.kubernetes.io/name': 'x' } },
  ],
  [
    'commonLabels: the label rbac.authorization.k8s.io/aggregate-to-view would add',
    { commonLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
  ],
  [
    'metrics.dashboard.labels: the label helm.sh/chart is set',
    { metrics: { dashboard: { labels: { 'helm.sh/chart': 'x' } } } },
  ],
  [
    'podAnnotations: the annotation checksum/connection is set',
    { podAnnotations: { 'checksum/connection': 'x' } },
  ],
  [
    'extraEnv: HTTPS_PROXY is set by proxy.httpsProxy already.',
    { proxy: { httpsProxy: 'http://p:1' }, extraEnv: [{ name: 'HTTPS_PROXY', value: 'x' }] },
  ],
  ['extraEnv: POD_NAME is set by the chart already.', { extraEnv: [{ name: 'POD_NAME', value: 'x' }] }],
  [
    'extraEnv: TZ is set by extraEnv already.',
    {
      extraEnv: [
        { name: 'TZ', value: 'x' },
        { name: 'TZ', value: 'y' },
      ],
    },
  ],
  ['extraVolumes: ca is the name of another volume.', { extraVolumes: [{ name: 'ca', emptyDir: {} }] }],
  ['extraVolumes: tmp is the name of another volume.', { extraVolumes: [volume, volume] }],
  ['extraVolumeMounts: there is no volume tmp.', { extraVolumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] }],
  [
    'extraVolumeMounts: something else is mounted at /tmp.',
    {
      extraVolumes: [volume],
      extraVolumeMounts: [
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'tmp', mountPath: '/tmp' },
      ],
    },
  ],
  [
    'topologySpreadConstraints: two of them are for a with DoNotSchedule.',
    { topologySpreadConstraints: [spread, spread] },
  ],
  [
    'connection.url: must be https; plain http is only for a Service',
    { connection: { ...connection, url: 'http://codemie.example.com' } },
  ],
  [
    'connection.auth.clientCredentials.tokenURL: must be https;',
    {
      connection: {
        ...connection,
        auth: {
          clientCredentials: {
            ...connection.auth.clientCredentials,
            tokenURL: 'http://auth.example.com/token',
          },
        },
      },
    },
  ],
  [
    'connection.url: there is no port 99999.',
    { connection: { ...connection, url: 'https://codemie.example.com:99999/api' } },
  ],
  ...ownObjects.map((object): [string, object] => [
    'extraObjects: an object of codemie.ai has a finalizer, so an uninstall would hang.',
    { extraObjects: [object] },
  ]),
  ['proxy.httpProxy: there is no port 70000.', { proxy: { httpProxy: 'proxy:70000' } }],
  ['proxy.httpsProxy: there is no port 0.', { proxy: { httpsProxy: 'http://[fd00::1]:0/' } }],
])('refuses with the sentence: %s', async (sentence, values) => {
  const { code, stderr } = await template(values);
  expect(stderr).toContain(sentence);
  expect(code).toBe(1);
});

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
