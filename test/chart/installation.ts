import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Cluster, connectCluster, kinds } from '../harness/cluster.ts';
import { installCrds } from '../harness/crds.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import type { Tools } from '../harness/kube-tools.ts';
import { kubectl } from '../harness/kubectl.ts';
import { type NodeAgent, startNodeAgent } from '../harness/node-agent/node-agent.ts';
import type { Image } from '../harness/node-agent/pod.ts';
import { deadline } from '../harness/pace.ts';
import { startWorld, type World, type WorldOptions } from '../harness/world.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

/** A cluster with a machine in it, the rest of the world, and the tools of an admin. */
export interface Installation {
  world: World;
  cluster: Cluster;
  node: NodeAgent;
  /** Runs kubectl. @throws Error with what it wrote, when it fails */
  kubectl(args: string[], input?: string): Promise<string>;
  /**
   * Runs helm in the operator's namespace, version 4.1 unless `tools` says otherwise.
   *
   * @throws Error with what it wrote, when it fails
   */
  helm(args: string[], tools?: Tools): Promise<string>;
  /** What the operator needs in this cluster besides what a page shows: a machine, the proxy, the authority. */
  localValues(): Record<string, unknown>;
  /**
   * The arguments after `helm install` and `helm upgrade`: release, chart, values, and to wait until everything is
   * ready.
   */
  release(options?: { chart?: string; values?: object }): string[];
}

/** The namespace and the release that the documentation and the examples name. */
export const system = 'codemie-system';
const releaseName = 'codemie-git-operator';
const root = join(import.meta.dirname, '..', '..');

/** The chart as it was when it was first committed. There is no release yet that could stand for the one before. */
export const earlierChart = join(import.meta.dirname, 'fixtures', 'earlier-chart.tgz');

/**
 * What the chart's image has in it: Node.js, and the operator as its entry point. The container has no variables but
 * these and those of its spec.
 */
const bundled = async (): Promise<Image> => ({
  entrypoint: [process.execPath, inject('operatorProgram')],
  env: { PATH: process.env['PATH'] ?? '', HOME: '/', NODE_ENV: 'production' },
  workingDir: '/',
});

export interface InstallationOptions {
  /** What the Pods of the chart run; by default the bundle. */
  image?: () => Promise<Image>;
  world?: WorldOptions;
}

/**
 * Gives a test file a cluster without anything of ours, and takes away at the end what it has installed there. The
 * CRDs come back for the files after it.
 */
export function useInstallation({ image = bundled, world }: InstallationOptions = {}): Installation {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is filled in before the first test
  const suite = {} as Installation;
  const kubeconfig = kubeconfigPath();
  suite.kubectl = (args, input) => succeed('kubectl', kubectl(args, { kubeconfig, ...(input && { input }) }));
  suite.helm = (args, tools = 'current') =>
    succeed('helm', helm(['--namespace', system, ...args], { kubeconfig, tools })).catch((error: unknown) => {
      throw new Error(`The Pods wrote: ${suite.node?.output(releaseName).slice(-4000)}`, { cause: error });
    });
  suite.localValues = () => valuesFor(suite);
  suite.release = ({ chart = chartFolder, values = {} } = {}) => [
    releaseName,
    chart,
    '--wait',
    '--timeout=60s',
    ...Object.entries({ ...valuesFor(suite), ...values }).flatMap(([key, value]) => [
      '--set-json',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];

  beforeAll(async () => {
    suite.cluster = await connectCluster(kubeconfig);
    await clear(suite);
    suite.world = await startWorld(world);
    suite.node = await startNodeAgent({
      kubeconfig,
      images: { 'ghcr.io/codemie-ai/codemie-git-operator': await image() },
    });
    await suite.kubectl(['create', 'namespace', system]);
    await storeAuthority(suite);
  });

  afterAll(async () => {
    await clear(suite);
    await installCrds(kubeconfig);
    await suite.node?.stop();
    await suite.world?.close();
    await suite.cluster?.close();
  });
  return suite;
}

/** The files of `examples/quickstart`, filled in as their first lines say, with a token that works. */
export async function quickstart(world: World): Promise<string> {
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  const secrets = { '10-connection.yaml': world.clientSecret, '20-integration.yaml': token };
  const files = ['00-namespace.yaml', ...Object.keys(secrets)];
  const texts = await Promise.all(
    files.map((file) => readFile(join(root, 'examples', 'quickstart', file), 'utf8')),
  );
  const filled = texts.map((text, index) =>
    text.replace('replace-me', Object.values(secrets)[index - 1] ?? ''),
  );
  return filled.join('\n---\n');
}

/** How the operator gets out of a cluster that has one proxy and no Service network. */
function valuesFor({ world, node }: Installation): Record<string, unknown> {
  return {
    nodeSelector: { 'kubernetes.io/hostname': node.name },
    proxy: { httpsProxy: world.internet.proxyUrl },
    ca: { name: 'internet' },
    // Pods share the ports of the machine, see node-agent.ts.
    extraEnv: [
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CODEMIE_OPERATOR_METRICS_ADDRESS', value: '$(POD_IP):8080' },
      { name: 'CODEMIE_OPERATOR_PROBE_ADDRESS', value: '$(POD_IP):8081' },
    ],
  };
}

/** Stores the authority of the world's certificates where {@link Installation.localValues} names it. */
export async function storeAuthority(suite: Installation): Promise<void> {
  const authority = `--from-literal=ca.crt=${suite.world.internet.ca}`;
  await suite.kubectl(['create', 'configmap', 'internet', authority, '--namespace', system]);
}

/** Takes everything of ours off the cluster, whatever state it is in. */
async function clear(suite: Installation): Promise<void> {
  const { cluster } = suite;
  await suite.helm(['uninstall', releaseName, '--ignore-not-found', '--wait', '--timeout=60s']);
  const signal = deadline(60_000);
  for (const kind of [kinds.integration, kinds.connection, kinds.clusterConnection]) {
    const { items } = await cluster.client.list(kind, { signal }).catch(() => ({ items: [] }));
    for (const { metadata } of items) {
      const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
      if (metadata.finalizers)
        await cluster.patch(kind, key, [{ op: 'remove', path: '/metadata/finalizers' }]);
    }
  }
  await suite.kubectl(['delete', '--ignore-not-found', '-f', join(root, 'crds')]);
  await suite.kubectl(['delete', 'namespace', '--ignore-not-found', system, 'team-a']);
}

async function succeed(
  tool: string,
  run: Promise<{ code: number; stdout: string; stderr: string }>,
): Promise<string> {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(`${tool} failed: ${stderr.trim()}`);
  return stdout;
}
