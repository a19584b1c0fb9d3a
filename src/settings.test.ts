import { describe, expect, it } from 'vitest';
import { readSettings, settingsHelp } from './settings.ts';

describe('readSettings', () => {
  it('has defaults for everything', () => {
    expect(readSettings([], {})).toEqual({
      operatorNamespace: 'codemie-system',
      workers: 4,
      metricsAddress: { host: '', port: 8080 },
      metricsAuth: 'none',
      probeAddress: { host: '', port: 8081 },
      leaderElect: false,
      leaseDuration: 15_000,
      connections: true,
      clusterConnections: true,
      podName: 'operator',
      refusalWindow: 90_000,
      tenantPrivateNetworks: false,
      logLevel: 'info',
      serviceName: 'codemie-git-operator',
      tracesSampleRatio: 1,
      proxy: {},
    });
  });

  it.each([
    ['a flag', ['--metrics-address', '127.0.0.1:0'], {}, { metricsAddress: { host: '127.0.0.1', port: 0 } }],
    ['an IPv6 address', ['--probe-address', '[::1]:9000'], {}, { probeAddress: { host: '::1', port: 9000 } }],
    ['a variable', [], { CODEMIE_OPERATOR_WORKERS: '8' }, { workers: 8 }],
    ['a flag over a variable', ['--workers=2'], { CODEMIE_OPERATOR_WORKERS: '8' }, { workers: 2 }],
    [
      'a service account that is mounted elsewhere',
      ['--service-account-directory=/sa'],
      { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
      { inCluster: { host: '10.0.0.1', port: '443', directory: '/sa' } },
    ],
    ['KUBECONFIG', [], { KUBECONFIG: '/k' }, { kubeconfig: '/k' }],
    ['the namespace of the Pod', [], { POD_NAMESPACE: 'ops' }, { operatorNamespace: 'ops' }],
    ['an empty variable as none', [], { CODEMIE_OPERATOR_LOG_LEVEL: '' }, { logLevel: 'info' }],
    [
      'the proxy in either case',
      [],
      { https_proxy: 'http://p:1', NO_PROXY: '.svc' },
      { proxy: { httpsProxy: 'http://p:1/', noProxy: '.svc' } },
    ],
    [
      'a proxy without a scheme',
      [],
      { HTTPS_PROXY: 'proxy.corp:3128', HTTP_PROXY: ' ' },
      { proxy: { httpsProxy: 'http://proxy.corp:3128/' } },
    ],
    [
      'an endpoint for traces of its own',
      [],
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/t', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d' },
      { tracesEndpoint: 'http://c:4318/t' },
    ],
    [
      'an endpoint for everything',
      [],
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4318/', OTEL_SERVICE_NAME: 'x' },
      { tracesEndpoint: 'https://c:4318/v1/traces', serviceName: 'x' },
    ],
    [
      'a share of traces',
      [],
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { tracesSampleRatio: 0.25 },
    ],
    ['no traces by sampler', [], { OTEL_TRACES_SAMPLER: 'always_off' }, { tracesSampleRatio: 0 }],
    ['a lease duration', ['--lease-duration=1m30s'], {}, { leaseDuration: 90_000 }],
    [
      'a shard, which leaves connections to another one',
      ['--shard-selector=shard in (b,a)'],
      {},
      { shardSelector: { canonical: 'shard in (a,b)' }, connections: false },
    ],
    [
      'a shard that looks after connections',
      ['--shard-selector=!shard', '--connections=true'],
      {},
      { connections: true },
    ],
    ['no connections', ['--connections=false'], {}, { connections: false }],
    [
      'namespaces, which leaves the connections of the cluster out',
      ['--watch-namespaces', 'team-b, team-a,team-b', '--cluster-name=c'],
      {},
      { watchNamespaces: ['team-a', 'team-b'], clusterConnections: false },
    ],
    [
      'namespaces with the connections of the cluster',
      ['--watch-namespaces=a', '--cluster-name=c', '--cluster-connections=true'],
      {},
      { watchNamespaces: ['a'], clusterConnections: true },
    ],
  ])('takes %s', (_name, args, env, want) => {
    expect(readSettings(args, env)).toMatchObject(want);
  });

  it.each([
    ['an unknown flag', ['--verbose'], "Unknown option '--verbose'. See --help."],
    ['a wrong number', ['--workers', '0'], '--workers: '],
    ['a wrong address', ['--metrics-address', 'x'], '--metrics-address: must be HOST:PORT or :PORT.'],
    [
      'half of a certificate',
      ['--metrics-cert-file=/tls.crt'],
      '--metrics-cert-file: goes with --metrics-key-file; set both or neither.',
    ],
    ...['70000', '65536', '', '00', '08080', '+80', '80 ', 'http'].map((port): [string, string[], string] => [
      `the port ${JSON.stringify(port)}`,
      ['--probe-address', `[::1]:${port}`],
      '--probe-address: must have a port from 1 to 65535, or 0 for a free one.',
    ]),
    ...['0', '', '04318', '99999'].map((port): [string, string[], string] => [
      `the port ${JSON.stringify(port)} of a URL`,
      ['--traces-endpoint', `http://collector:${port}/v1/traces`],
      '--traces-endpoint: must be an http or https URL without user name, with a port from 1 to 65535 or none.',
    ]),
    [
      'a lease that is no duration',
      ['--lease-duration', '15'],
      '--lease-duration: must be a duration such as 15s.',
    ],
    ['a lease too short', ['--lease-duration', '2s'], '--lease-duration: must be 3s to 1h.'],
    ['a wrong selector', ['--shard-selector', 'a b'], '--shard-selector: is not a label selector such as '],
    ['a wrong namespace', ['--watch-namespaces', 'a,,b'], '--watch-namespaces: must be names of namespaces'],
    [
      'namespaces without a name of the cluster',
      ['--watch-namespaces=a'],
      '--cluster-name: must be set with',
    ],
    [
      'a connection that is not followed',
      ['--default-connection-file=/f', '--cluster-connections=false'],
      '--default-connection-file: holds a ClusterCodeMieConnection',
    ],
    [
      'a sampler that is not known',
      ['--traces-sample-ratio', 'jaeger_remote'],
      '--traces-sample-ratio: must be a number from 0 to 1, and OTEL_TRACES_SAMPLER the name of a sampler.',
    ],
    [
      'a user name in the endpoint for traces',
      ['--traces-endpoint', 'https://me:secret@c/v1/traces'],
      '--traces-endpoint: must be an http or https URL without user name, with a port from 1 to 65535 or none.',
    ],
    ['a wrong level', ['--log-level', 'loud'], '--log-level: '],
  ])('refuses %s', (_name, args, message) => {
    expect(() => readSettings(args, {})).toThrow(message);
  });
});

describe('a proxy setting that can not be used', () => {
  it.each([
    [
      { HTTPS_PROXY: 'socks5://me:secret@p:1080' },
      'HTTPS_PROXY names a SOCKS proxy, which is not supported: give an http or https proxy, such as http://proxy.example.com:3128.',
    ],
    [{ https_proxy: 'http://me:se#cret@p:3128' }, 'https_proxy must be HOST:PORT or the URL of a proxy'],
    [{ HTTP_PROXY: '$(SECRET)' }, 'HTTP_PROXY must be HOST:PORT'],
    [{ no_proxy: '.svc,https://me:secret@x' }, 'no_proxy has an entry, number 2, that is a URL'],
  ])('ends the start with one sentence that names the variable', (env: NodeJS.ProcessEnv, message) => {
    expect(() => readSettings([], env)).toThrow(message);
    expect(() => readSettings([], env)).toThrow(/^(?!.*(secret|cret|SECRET))[^.]+(\.example\.com[^.]+)?\.$/);
  });
});

it('sends no traces where OpenTelemetry is switched off', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' };
  expect(readSettings([], env).tracesEndpoint).toBeUndefined();
});

describe('settingsHelp', () => {
  it('names each flag', () => {
    expect(settingsHelp()).toMatch(/--operator-namespace +Namespace of this operator/);
  });
});
