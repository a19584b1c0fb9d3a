import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer } from '../../src/kube/informer.ts';
import type { Resource } from '../../src/kube/object.ts';
import { createLog } from '../../src/observability/log.ts';
import { kinds } from '../../test/harness/cluster.ts';
import { startProcess } from '../../test/harness/control-plane/processes.ts';
import { installCrds } from '../../test/harness/crds.ts';
import { goProgram } from '../../test/harness/go-program.ts';
import { kubeEnv } from '../../test/harness/kubectl.ts';
import { inParallel } from '../../test/harness/parallel.ts';
import { type SpreadRow, spreadTable } from './figures.ts';
import { startPeers } from './peers-process.ts';
import { projectNames } from './population.ts';
import { measureColdStart, type Stage } from './round.ts';

/** One round of both. */
export interface GitServerFigures {
  /** From the start of KubeRocketCI's controller until all GitServers are connected, in milliseconds. */
  gitServersMs: number;
  /** From the start of this operator until all GitIntegrations are Ready, in milliseconds. */
  integrationsMs: number;
}

const gitServers: Resource = {
  group: 'v2.edp.epam.com',
  version: 'v1',
  plural: 'gitservers',
  kind: 'GitServer',
  namespaced: true,
};

const moduleFolder = join(import.meta.dirname, 'git-server');
const modulePath = 'github.com/epam/edp-codebase-operator/v2';

/** It compiles what an operator for Kubernetes needs. */
const buildTimeoutMs = 30 * 60_000;

/** Writes at the same time where nothing is measured. */
const width = 16;

/**
 * Measures KubeRocketCI's controller of GitServers, whose job is the nearest to this operator's, next to this one, by
 * turns, on one API server. A GitServer has a Secret with a token and no SSH key: of those the controller writes an owner
 * into the Secret and `connected` into the status, and asks no server anything. An integration is validated and created
 * in CodeMie besides.
 *
 * @param n objects of each
 */
export async function benchGitServers(
  stage: Stage,
  { n, workers, repeats }: { n: number; workers: number; repeats: number },
  signal: AbortSignal,
): Promise<GitServerFigures[]> {
  const { clientSecret, progress } = stage;
  progress.step("Build KubeRocketCI's controller with Go, once");
  const program = await goProgram(moduleFolder, 'git-server', buildTimeoutMs);
  await installGitServers(stage.kubeconfig);
  const figures: GitServerFigures[] = [];
  for (let round = 0; round < repeats; round += 1) {
    signal.throwIfAborted();
    const gitServersMs = await measureGitServers(stage, program, { n, namespace: `git-servers-${round}` });
    const prefix = `work-${round}`;
    const peers = await startPeers(clientSecret, projectNames(prefix, n));
    try {
      figures.push({
        gitServersMs,
        integrationsMs: await measureColdStart(peers, stage, { n, workers, prefix }),
      });
    } finally {
      await peers.stop();
    }
  }
  return figures;
}

/** Installs the definition that comes with the module. */
async function installGitServers(kubeconfig: string): Promise<void> {
  const env = { ...process.env, GOWORK: 'off', GOFLAGS: '' };
  const list = ['list', '-m', '-f', '{{.Dir}}', modulePath];
  const { stdout } = await promisify(execFile)('go', list, { cwd: moduleFolder, env });
  const file = join(stdout.trim(), 'config', 'crd', 'bases', `${gitServers.group}_${gitServers.plural}.yaml`);
  await installCrds(kubeconfig, [file]);
}

/** From the start of the controller until all are connected, in milliseconds. Leaves nothing that it would reconcile. */
async function measureGitServers(
  { client, kubeconfig, progress }: Stage,
  program: string,
  { n, namespace }: { n: number; namespace: string },
): Promise<number> {
  progress.step(`Create ${n} GitServers`);
  const each = (act: (name: string) => Promise<unknown>) =>
    inParallel(0, n, async (index) => void (await act(`git-server-${index}`)), width);
  await client.create(kinds.namespace, { metadata: { name: namespace } }, soon());
  await each(async (name) => {
    const metadata = { name, namespace };
    await client.create(kinds.secret, { metadata, stringData: { token: `ghp_${name}` } }, soon());
    const ports = { httpsPort: 443, sshPort: 22 };
    const spec = { gitHost: 'github.com', ...ports, nameSshKeySecret: name, tektonDisabled: true };
    await client.create(gitServers, { metadata, spec }, soon());
  });

  const connected = await followConnected(client, namespace);
  const step = "Start KubeRocketCI's controller, until all are connected";
  progress.step(step, () => `${connected.count()} of ${n}`);
  const output: Buffer[] = [];
  const startedMs = performance.now();
  const controller = await startProcess({
    name: 'git-server',
    command: program,
    args: [],
    env: { ...kubeEnv(kubeconfig), WATCH_NAMESPACE: namespace },
    output: (chunk) => output.push(chunk),
  });
  try {
    const failed = controller.exited.then(() => {
      throw new Error(`It has exited: ${Buffer.concat(output).toString().slice(-2_000)}`);
    });
    return (await Promise.race([connected.reaches(n), failed])) - startedMs;
  } finally {
    await controller.stop();
    await connected.stop();
    progress.step('Remove them');
    await each((name) => client.delete(gitServers, `${namespace}/${name}`, soon()));
  }
}

/** Counts those of a namespace that are connected, by a watch. */
async function followConnected(client: KubeClient, namespace: string) {
  const connected = new Set<string>();
  const waiting = new Map<number, (atMs: number) => void>();
  const stopping = new AbortController();
  const informer = createInformer({ client, resource: gitServers, log: createLog('error') });
  informer.onChange(({ object: { metadata, status } }) => {
    if (metadata.namespace !== namespace) return;
    if (statusSchema.safeParse(status).success) connected.add(metadata.uid);
    waiting.get(connected.size)?.(performance.now());
  });
  const following = informer.run(stopping.signal);
  await informer.whenSynced(soon());
  return {
    count: () => connected.size,
    /** Resolves with the time (`performance.now()`). */
    reaches: (count: number) => new Promise<number>((resolve) => waiting.set(count, resolve)),
    async stop() {
      stopping.abort();
      await following;
    },
  };
}

const statusSchema = z.object({ connected: z.literal(true) });

const soon = (): AbortSignal => AbortSignal.timeout(60_000);

/** The figures as lines: minimum, median and maximum of each. @param n objects of each */
export function gitServersTable(figures: readonly GitServerFigures[], n: number): string {
  const rate = (ms: number): number => n / (ms / 1_000);
  const rows: SpreadRow<GitServerFigures>[] = [
    { name: 'GitServers connected', of: ({ gitServersMs }) => rate(gitServersMs), unit: 'a second' },
    { name: 'GitIntegrations Ready', of: ({ integrationsMs }) => rate(integrationsMs), unit: 'a second' },
    { name: 'the second over the first', of: (each) => each.gitServersMs / each.integrationsMs },
  ];
  return spreadTable(figures, rows);
}
