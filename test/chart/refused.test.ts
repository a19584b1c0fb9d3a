import { expect, it } from 'vitest';
import { template } from './render.ts';
import { connection, shards } from './variants.ts';

const [first, second] = shards;

it.each([
  ['an unknown value', { replicaCount: 3 }, "at '': additional properties 'replicaCount' not allowed"],
  [
    'an unknown value below another',
    { image: { tags: 'v1' } },
    "at '/image': additional properties 'tags' not allowed",
  ],
  [
    'an unknown field of the connection',
    { connection: { ...connection, consumer: [] } },
    "at '/connection': additional properties 'consumer' not allowed",
  ],
  [
    'half a login',
    { connection: { create: true, auth: { clientCredentials: { clientID: 'x' } } } },
    "at '/connection/auth/clientCredentials': missing properties 'tokenURL', 'clientSecretRef'",
  ],
  ['a number for a text', { image: { tag: 1.2 } }, "at '/image/tag': got number, want string"],
  ['a text for a number', { replicas: '2' }, "at '/replicas': got string, want integer"],
  ['a word for a switch', { crds: { install: 'yes' } }, "at '/crds/install': got string, want boolean"],
  [
    'a wrong word',
    { logLevel: 'loud' },
    "at '/logLevel': value must be one of 'debug', 'info', 'warn', 'error'",
  ],
  [
    'a SOCKS proxy',
    { proxy: { httpsProxy: 'socks5://proxy:1080' } },
    "at '/proxy/httpsProxy': 'socks5://proxy:1080' does not match pattern",
  ],
  [
    'a proxy with a path',
    { proxy: { httpProxy: 'http://proxy:3128/x' } },
    "at '/proxy/httpProxy': 'http://proxy:3128/x' does not match pattern",
  ],
  [
    'a URL among the hosts to call directly',
    { proxy: { noProxy: '.svc,https://git.corp' } },
    "at '/proxy/noProxy': '.svc,https://git.corp' does not match pattern",
  ],
  [
    'the same pull secret twice',
    { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] },
    "at '/imagePullSecrets': items at 0 and 1 are equal",
  ],
  ['no workers', { workers: 0 }, "at '/workers': minimum: got 0, want 1"],
  ['a wrong digest', { image: { digest: 'abc' } }, "at '/image/digest': 'abc' does not match pattern"],
  [
    'too little time to stop',
    { terminationGracePeriodSeconds: 10 },
    "at '/terminationGracePeriodSeconds': minimum: got 10, want 30",
  ],
  ['a shard without a selector', { shards: [{ name: 'a' }] }, "at '/shards/0': missing property 'selector'"],
  [
    'replicas that would all work',
    { leaderElection: { enabled: false } },
    'replicas: more than one needs leaderElection.enabled: true, or all of them would work at the same time.',
  ],
  [
    'shards without connections',
    { shards: [first] },
    'shards: exactly one of them must reconcile connections, here 0. Set connections: true on one.',
  ],
  [
    'shards with connections twice',
    { shards: [{ ...first, connections: true }, second] },
    'shards: exactly one of them must reconcile connections, here 2. Set connections: true on one.',
  ],
  [
    'shards of the same name',
    { shards: [first, { ...second, name: 'a' }] },
    'shards: two of them have the same name. Give each a different name.',
  ],
  [
    'a connection without URL',
    { connection: { ...connection, url: '' } },
    'connection.url: must be a URL, such as https://codemie.example.com/code-assistant-api.',
  ],
  [
    'a connection without login',
    { connection: { ...connection, auth: {} } },
    'connection.auth: give exactly one login; write one of clientCredentials, password, localLogin and token.',
  ],
  [
    'named namespaces without a name of the cluster',
    { watchNamespaces: ['team-a'] },
    'clusterName: must be set with watchNamespaces, which leave no right to look it up.',
  ],
  [
    'a connection that nobody would look after',
    { watchNamespaces: ['team-a'], clusterName: 'prod', connection },
    'connection.create: needs clusterConnections: true with watchNamespaces, or nothing would reconcile the connection.',
  ],
  [
    'a podMonitor without a token',
    { metrics: { auth: { enabled: true }, podMonitor: { enabled: true } } },
    'metrics.auth.tokenSecret.name: a podMonitor needs a Secret with a token.',
  ],
  [
    'two scrapes of the same Pods',
    { metrics: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
    'metrics: a serviceMonitor and a podMonitor would scrape every Pod twice. Enable one of them.',
  ],
  [
    'a policy that locks the API server out',
    { networkPolicy: { enabled: true, apiServerPorts: [] } },
    'networkPolicy.apiServerPorts: is empty, so the operator could not reach the Kubernetes API. Give its ports.',
  ],
])('the chart refuses %s', async (_name, values, sentence) => {
  const { code, stderr } = await template(values);
  expect(stderr).toContain(sentence);
  expect(code).toBe(1);
});
