import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { template } from './render.ts';
import { connection } from './variants.ts';

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
  ...['', '0', '0443', '65536', '99999', '+443', 'https'].flatMap((port): [string, object][] => {
    const url = `https://codemie.example.com:${port}/api`;
    const { clientCredentials } = connection.auth;
    const sentence = `there is no port "${port}". Use one of 1 to 65535, without leading zeros, or none.`;
    return [
      [`connection.url: ${sentence}`, { connection: { ...connection, url } }],
      [
        `connection.auth.clientCredentials.tokenURL: ${sentence}`,
        {
          connection: { ...connection, auth: { clientCredentials: { ...clientCredentials, tokenURL: url } } },
        },
      ],
    ];
  }),
  ...ownObjects.map((object): [string, object] => [
    'extraObjects: an object of codemie.ai has a finalizer, so an uninstall would hang.',
    { extraObjects: [object] },
  ]),
  [
    'extraArgs: --metrics-address is given twice.',
    { extraArgs: ['--metrics-address=:9090', '--metrics-address=:9091'] },
  ],
  [
    'extraArgs: metrics and probes would listen on the same port.',
    { extraArgs: ['--metrics-address=:8081'] },
  ],
  [
    'extraArgs: metrics and probes would listen on the same port.',
    { extraArgs: ['--probe-address=127.0.0.1:9000', '--metrics-address=[::]:9000'] },
  ],
  [
    'resources.requests.memory: must not be more than resources.limits.memory, which is 512Mi.',
    { resources: { requests: { memory: '1Gi' } } },
  ],
  [
    'resources.requests.cpu: must not be more than resources.limits.cpu, which is 500m.',
    { resources: { requests: { cpu: 2 }, limits: { cpu: '500m' } } },
  ],
  [
    'resources.requests.memory: must not be more than resources.limits.memory, which is 1e8.',
    { resources: { requests: { memory: '96Mi' }, limits: { memory: '1e8' } } },
  ],
  [
    'securityContext.privileged: needs allowPrivilegeEscalation: true.',
    { securityContext: { privileged: true } },
  ],
  [
    'metrics.serviceMonitor.scrapeTimeout: must not be more than metrics.serviceMonitor.interval, which is 1m.',
    { metrics: { serviceMonitor: { enabled: true, interval: '1m', scrapeTimeout: '60s1ms' } } },
  ],
  [
    'metrics.podMonitor.scrapeTimeout: must not be more than metrics.podMonitor.interval, which is 500ms.',
    { metrics: { podMonitor: { enabled: true, interval: '500ms', scrapeTimeout: '1s' } } },
  ],
  [
    'extraVolumeMounts: a mount at /app/ would hide the program.',
    { extraVolumes: [volume], extraVolumeMounts: [{ name: 'tmp', mountPath: '/app/' }] },
  ],
  ['proxy.httpProxy: there is no port "70000".', { proxy: { httpProxy: 'proxy:70000' } }],
  ['proxy.httpProxy: there is no port "03128".', { proxy: { httpProxy: 'me:pw@proxy:03128' } }],
  ['proxy.httpsProxy: there is no port "0".', { proxy: { httpsProxy: 'http://[fd00::1]:0/' } }],
])('refuses with the sentence: %s', async (sentence, values) => {
  const { code, stderr } = await template(values);
  expect(stderr).toContain(sentence);
  expect(code).toBe(1);
});
