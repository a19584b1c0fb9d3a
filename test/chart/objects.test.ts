import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { values } from '../../scripts/chart/values.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import { deploymentsOf, type Manifest, release, render } from './render.ts';
import { connection, shards } from './variants.ts';

const named = (objects: readonly Manifest[], kind: string): string[] =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

async function only(values: object, kind: string): Promise<Manifest> {
  const [object, ...others] = (await render(values)).filter((each) => each.kind === kind);
  if (!object || others.length > 0) throw new Error(`There is not exactly one ${kind}.`);
  return object;
}

async function operator(values: object = {}) {
  const found = deploymentsOf(await render(values)).get(release);
  if (!found) throw new Error('There is no Deployment.');
  return found;
}

describe('the Pods', () => {
  it('are what the restricted Pod Security Standard asks for', async () => {
    const { pod, container } = await operator();
    expect(pod).toMatchObject({
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      terminationGracePeriodSeconds: 30,
    });
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
  });

  it('leave user and group ids to the platform where they are null', async () => {
    const ids = { runAsUser: null, runAsGroup: null, fsGroup: null };
    const { pod } = await operator({ podSecurityContext: ids });
    expect(pod['securityContext']).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('pull the image with the given Secrets', async () => {
    const imagePullSecrets = [{ name: 'registry-login' }];
    expect((await operator({ imagePullSecrets })).pod).toMatchObject({ imagePullSecrets });
  });

  it.each([
    ['the version of the chart', {}, 'ghcr.io/codemie-ai/codemie-git-operator:0.1.0'],
    ['a tag', { tag: 'v9', registry: 'r.example.com' }, 'r.example.com/codemie-ai/codemie-git-operator:v9'],
    [
      'a digest before a tag',
      { tag: 'v9', digest: `sha256:${'a'.repeat(64)}` },
      `ghcr.io/codemie-ai/codemie-git-operator@sha256:${'a'.repeat(64)}`,
    ],
  ])('run the image by %s', async (_name, image, name) => {
    expect((await operator({ image })).container.image).toBe(name);
  });

  it('get the proxy, and no variable without one', async () => {
    const names = async (proxy: object) => (await operator({ proxy })).container.env.map(({ name }) => name);
    expect(await names({})).toEqual(['POD_NAME', 'POD_NAMESPACE']);
    expect(await names({ httpsProxy: 'http://p:3128' })).toEqual([
      'POD_NAME',
      'POD_NAMESPACE',
      'HTTPS_PROXY',
      'NO_PROXY',
    ]);
  });

  it('restart when the connection changes, and only then', async () => {
    const checksum = async (changes: object) =>
      JSON.stringify((await only({ connection: { ...connection, ...changes } }, 'Deployment'))['spec']);
    expect(await checksum({})).toBe(await checksum({}));
    expect(await checksum({ allowPrivateNetworks: true })).not.toBe(await checksum({}));
  });
});

describe('the connection', () => {
  it('is the given fields, for the operator to apply', async () => {
    const { create, ...spec } = connection;
    expect(create).toBe(true);
    const object = (await render({ connection })).find(({ metadata }) =>
      metadata.name.endsWith('-connection'),
    );
    const { data } = z.object({ data: z.object({ 'connection.yaml': z.string() }) }).parse(object);
    expect(parseYaml(data['connection.yaml'])).toEqual(spec);
    expect((await operator({ connection })).container.args).toContain(
      '--default-connection-file=/etc/codemie-git-operator/connection/connection.yaml',
    );
  });
});

describe('shards', () => {
  it('are a Deployment and a budget each, of which one has the connections', async () => {
    const objects = await render({ shards, connection });
    const names = [`${release}-a`, `${release}-rest`];
    expect(named(objects, 'Deployment')).toEqual(names);
    expect(named(objects, 'PodDisruptionBudget')).toEqual(names);
    const args = names.map((name) => deploymentsOf(objects).get(name)?.container.args.join(' ') ?? '');
    expect(args[0]).toContain('--shard-selector=codemie.ai/shard=a --connections=false');
    expect(args[1]).toContain('--shard-selector=codemie.ai/shard notin (a) --connections=true');
    expect(args.map((each) => each.includes('--default-connection-file='))).toEqual([false, true]);
  });

  it('select their own Pods', async () => {
    const selectors = (await render({ shards }))
      .filter(({ kind }) => kind === 'Deployment' || kind === 'PodDisruptionBudget')
      .map((object) =>
        JSON.stringify(z.looseObject({ selector: z.unknown() }).parse(object['spec']).selector),
      );
    expect(new Set(selectors).size).toBe(2);
  });
});

describe('the network policy', () => {
  it.each([
    ['nothing else', {}, ['443', '6443']],
    ['the token endpoint', { connection }, ['443', '6443', '8443']],
    ['a Service', { connection: { ...connection, url: 'http://codemie.codemie.svc/api' } }, ['80', '8443']],
    ['a proxy', { proxy: { httpsProxy: 'http://proxy:3128' } }, ['3128']],
    ['a proxy without a scheme', { proxy: { httpsProxy: 'proxy.corp:3128' } }, ['3128']],
    ['a proxy with a login', { proxy: { httpProxy: 'me:pw@[fd00::1]:3129' } }, ['3129']],
  ])('lets out to the API server and %s', async (_name, more, ports) => {
    const text = JSON.stringify(
      (await only({ ...more, networkPolicy: { enabled: true } }, 'NetworkPolicy'))['spec'],
    );
    for (const port of ports) expect(text).toContain(`{"port":${port},"protocol":"TCP"}`);
  });
});

describe('monitoring', () => {
  it('makes no object of a foreign kind unless asked to', async () => {
    const groups = (await render()).map(({ apiVersion }) => apiVersion);
    expect(groups).not.toContain('monitoring.coreos.com/v1');
  });

  it.each([
    ['serviceMonitor', 'ServiceMonitor', 'endpoints'],
    ['podMonitor', 'PodMonitor', 'podMetricsEndpoints'],
  ])('makes a %s', async (value, kind, endpoints) => {
    const wanted = {
      enabled: true,
      interval: '30s',
      scrapeTimeout: '10s',
      labels: { release: 'prometheus' },
    };
    const object = await only({ metrics: { [value]: wanted } }, kind);
    expect(object).toMatchObject({
      metadata: { labels: { release: 'prometheus' } },
      spec: {
        namespaceSelector: { matchNames: ['codemie-system'] },
        selector: { matchLabels: { 'app.kubernetes.io/instance': release } },
        [endpoints]: [{ port: 'metrics', path: '/metrics', interval: '30s', scrapeTimeout: '10s' }],
      },
    });
  });

  const own = { bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' };
  const given = { authorization: { type: 'Bearer', credentials: { name: 'prometheus', key: 'token' } } };
  const unverified = { insecureSkipVerify: true };
  const verified = {
    ca: { secret: { name: 'metrics-tls', key: 'ca.crt' } },
    serverName: `${release}-metrics.codemie-system.svc`,
  };
  const tokenSecret = { name: 'prometheus' };
  const tls = { secretName: 'metrics-tls' };
  it.each([
    ['ServiceMonitor', { auth: { enabled: true } }, { scheme: 'https', tlsConfig: unverified, ...own }],
    ['ServiceMonitor', { auth: { enabled: true }, tls }, { scheme: 'https', tlsConfig: verified, ...own }],
    ['ServiceMonitor', { tls }, { scheme: 'https', tlsConfig: verified }],
    [
      'PodMonitor',
      { auth: { enabled: true, tokenSecret }, tls },
      { scheme: 'https', tlsConfig: verified, ...given },
    ],
    ['ServiceMonitor', {}, {}],
  ])('lets a %s with %j read them', async (kind, metrics, wanted) => {
    const value = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
    const object = await only({ metrics: { ...metrics, [value]: { enabled: true } } }, kind);
    const { endpoints, podMetricsEndpoints } = Object(object['spec']);
    expect([endpoints, podMetricsEndpoints].flat().filter(Boolean)).toEqual([
      { port: 'metrics', path: '/metrics', honorLabels: true, ...wanted },
    ]);
  });
});

describe('further objects', () => {
  it('are templates where they are texts, and as they are otherwise', async () => {
    const theirs = { data: { 'token.txt': '{{ .token | toString }}' } };
    const objects = await render({
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs' }, ...theirs },
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}-more", namespace: "{{ .Release.Namespace }}" }',
      ],
    });
    expect(objects.find(({ metadata }) => metadata.name === 'theirs')).toMatchObject(theirs);
    const more = objects.find(({ metadata }) => metadata.name === `${release}-more`);
    expect(more?.metadata.namespace).toBe('codemie-system');
  });
});

describe('every object', () => {
  it('has the labels, and the namespace of the release where it has one', async () => {
    const objects = await render({ commonLabels: { team: 'platform' }, connection });
    const labels = { 'app.kubernetes.io/instance': release, team: 'platform' };
    const metadata = expect.objectContaining({ labels: expect.objectContaining(labels) });
    expect(objects).toEqual(objects.map(() => expect.objectContaining({ metadata })));
    const namespaces = new Set(objects.map((object) => object.metadata.namespace));
    expect(namespaces).toEqual(new Set([undefined, 'codemie-system']));
  });

  it('is kept by an uninstall if it is a definition, and only then', async () => {
    const kept = (await render({ connection })).filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep',
    );
    expect(kept.map(({ kind }) => kind)).toEqual(Array(3).fill('CustomResourceDefinition'));
  });
});

describe('the chart', () => {
  it('has the version of the operator', async () => {
    const read = async (path: string) => await readFile(join(chartFolder, path), 'utf8');
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(await read('../../package.json')));
    expect(parseYaml(await read('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('describes every value', () => {
    const silent = Object.entries(values.properties ?? {}).filter(([, { description }]) => !description);
    expect(silent).toEqual([]);
  });

  it.each([
    ['nothing', {}, 'Next: configure where CodeMie is.'],
    ['nothing', {}, 'clusterName is not set'],
    ['a connection', { connection }, 'The login is read from the Secret codemie-login of this namespace.'],
    [
      'a connection for nobody',
      { connection: { ...connection, consumers: [] } },
      'No namespace can use the connection yet.',
    ],
  ])('says the next step after an installation with %s', async (_name, given, words) => {
    const args = ['install', release, chartFolder, '--namespace', 'codemie-system', '--dry-run=client'];
    const { stdout, stderr } = await helm([...args, '--values', '-'], { input: JSON.stringify(given) });
    expect(stderr).toBe('');
    expect(stdout.split('NOTES:')[1]).toContain(words);
  });
});
