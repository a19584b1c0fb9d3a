import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goTool } from '../../scripts/release/tools.ts';
import type { Installation } from '../chart/installation.ts';
import { freePort } from '../harness/control-plane/ports.ts';
import { type ManagedProcess, startProcess } from '../harness/control-plane/processes.ts';
import { argoCdCrdFiles, argoCdVerifyScript } from '../harness/foreign-crds.ts';
import { goProgram } from '../harness/go-program.ts';
import { toolsFolder } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';

/** The namespace that the examples name. */
export const argoNamespace = 'argocd';

/** Creates what Argo CD expects in the cluster: its CRDs, namespace and settings, and a project for every Application. */
export async function installArgoCd(suite: Pick<Installation, 'cluster' | 'kubectl'>): Promise<void> {
  const crds = (await argoCdCrdFiles()).flatMap((file) => ['--filename', file]);
  await suite.kubectl(['apply', '--server-side', ...crds]);
  const established = ['wait', '--for=condition=Established', '--timeout=30s', ...crds];
  // kubectl fails on a CRD that has no conditions yet.
  await suite.cluster.waitFor('the CRDs of Argo CD', () => suite.kubectl(established).catch(() => undefined));
  await suite.kubectl(['create', 'namespace', argoNamespace]);
  const labels = { 'app.kubernetes.io/part-of': 'argocd' };
  const settings = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', labels } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-rbac-cm', labels } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'argocd-secret', labels },
      stringData: { 'server.secretkey': randomUUID() },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default' },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ namespace: '*', server: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    },
  ];
  for (const object of settings)
    await suite.kubectl(['apply', '-n', argoNamespace, '--filename', '-'], JSON.stringify(object));
}

/** Argo CD's application controller, repository server and API server as processes, with a Redis. */
export interface ArgoCd {
  /** What they have written so far. */
  output(): string;
  /** Where the API server answers, as `http://host:port`. It takes every caller for an administrator. */
  api: string;
  stop(): Promise<void>;
}

/** How long the repository server and the API server may take to answer. */
const startTimeoutMs = 120_000;

/**
 * Starts the real ones, of the version in `go/go.mod`, as an administrator of the cluster. They are built with Go once.
 * {@link installArgoCd} comes first.
 *
 * @throws Error with what they wrote, when one does not start
 */
export async function startArgoCd(kubeconfig: string): Promise<ArgoCd> {
  const [binary, redisServer, tools] = await Promise.all([
    goTool('argocd'),
    goProgram(join(import.meta.dirname, 'redis'), 'argocd-redis'),
    toolsFolder('current'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'argocd-'));
  for (const name of ['bin', 'tls', 'ssh', 'plugins', 'home', 'tmp']) await mkdir(join(folder, name));
  const verifyScript = join(folder, 'bin', 'git-verify-wrapper.sh');
  await copyFile(await argoCdVerifyScript(), verifyScript);
  await chmod(verifyScript, 0o755);
  const chunks: Buffer[] = [];
  const running: ManagedProcess[] = [];
  const output = (): string => Buffer.concat(chunks).toString('utf8');
  const stop = async (): Promise<void> => {
    for (const each of running.toReversed()) await each.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const env = {
    ...kubeEnv(kubeconfig),
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    PATH: [join(folder, 'bin'), tools, process.env['PATH']].filter(Boolean).join(delimiter),
    HOSTNAME: 'argocd-application-controller-0',
    // The cluster of the kubeconfig stands for the one that Argo CD runs in.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_TLS_DATA_PATH: join(folder, 'tls'),
    ARGOCD_SSH_DATA_PATH: join(folder, 'ssh'),
    ARGOCD_PLUGINSOCKFILEPATH: join(folder, 'plugins'),
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const start = async (name: string, command: string, args: string[], role = {}): Promise<void> => {
    const process = await startProcess({
      name,
      command,
      args,
      env: { ...env, ...role },
      cwd: folder,
      output: (chunk) => chunks.push(chunk),
      removeIfOrphaned: folder,
    });
    running.push(process);
  };
  const component = (name: string, args: string[]): Promise<void> =>
    start(name, binary, [...args, '--loglevel=info'], { ARGOCD_BINARY_NAME: name });
  try {
    const ports = new Set<number>();
    while (ports.size < 6) ports.add(await freePort());
    const [redis, repo, repoMetrics, controllerMetrics, server, serverMetrics] = ports;
    await start('redis', redisServer, [`127.0.0.1:${redis}`]);
    const shared = [`--redis=127.0.0.1:${redis}`];
    const clients = [
      ...shared,
      `--repo-server=127.0.0.1:${repo}`,
      '--repo-server-plaintext',
      `--namespace=${argoNamespace}`,
    ];
    await component('argocd-repo-server', [
      ...shared,
      '--address=127.0.0.1',
      `--port=${repo}`,
      '--metrics-address=127.0.0.1',
      `--metrics-port=${repoMetrics}`,
      '--disable-tls',
      '--client-ca-path=',
      // A commit counts as soon as it is there.
      '--revision-cache-expiration=1s',
    ]);
    await component('argocd-application-controller', [
      ...clients,
      `--metrics-port=${controllerMetrics}`,
      // A Git repository is compared this often, and drift is put back this soon.
      '--app-resync=3',
      '--app-resync-jitter=0',
      // Since 3.0 the health of single objects is in the status on request only.
      '--persist-resource-health',
      '--self-heal-timeout-seconds=1',
    ]);
    await component('argocd-server', [
      ...clients,
      '--address=127.0.0.1',
      `--port=${server}`,
      '--metrics-address=127.0.0.1',
      `--metrics-port=${serverMetrics}`,
      '--insecure',
      '--disable-auth',
    ]);
    const api = `http://127.0.0.1:${server}`;
    const giveUpAt = Date.now() + startTimeoutMs;
    while (!(await answers(`${api}/healthz`))) {
      const ended = running.find((each) => !each.running());
      if (ended || Date.now() > giveUpAt)
        throw new Error(`${ended?.name ?? 'argocd-server'} did not start: ${output().slice(-3000)}`);
      await sleep(200);
    }
    return { output, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
