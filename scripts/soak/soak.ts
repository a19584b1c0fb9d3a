import { randomUUID } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gitIntegrations } from '../../src/api/group.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { createInformer } from '../../src/kube/informer.ts';
import { silentLog } from '../../src/kube/log.ts';
import { type KubeObject, keyOf, type Resource } from '../../src/kube/object.ts';
import { type Cluster, connectCluster, kinds } from '../../test/harness/cluster.ts';
import { fastNow } from '../../test/harness/fast-now.ts';
import { createOperatorAccount } from '../../test/harness/operator-account.ts';
import { type OperatorProcess, startOperator } from '../../test/harness/operator-process.ts';
import { newPrivateKey } from '../../test/harness/private-key.ts';
import { startRelay } from '../../test/harness/relay.ts';
import { clientCredentials, startWorld, type World } from '../../test/harness/world.ts';
import { memoryMiB } from '../bench/process-stats.ts';
import { samplesOf } from '../bench/prometheus.ts';
import { nodeFlags } from '../build/node-flags.ts';
import type { Sample, SoakReport } from './report.ts';

export interface SoakOptions {
  minutes: number;
  factor: number;
  n: number;
  kubeconfig: string;
  entryPoint: string;
  log: (line: string) => void;
}

const system = 'soak-system';
const teamSize = 40;
const sampleMs = 5_000;
/** Each server in turn refuses connections; together that is a hundredth of the time. */
const outageEveryMs = 60_000;
const outageMs = 600;
const rotateEveryMs = 20_000;
/** How often GitHub's limit of requests is reached, and for how long of the operator's time. */
const limitEveryMs = 90_000;
const limitMs = 15 * 60_000;
/** Keycloak's own default. */
const tokenLifetimeSeconds = 300;
const hosts = ['codemie.example.com', 'auth.example.com', 'api.github.com', 'gitlab.com'] as const;
const bindings: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
};

/**
 * Runs an operator whose clock goes `factor` times as fast, with rotations, outages and rate limits, and samples what
 * it holds.
 */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { kubeconfig, factor, n, log } = options;
  const clientSecret = randomUUID();
  const from = Date.now();
  const [world, cluster, relay] = await Promise.all([
    startWorld({ clientSecret }),
    connectCluster(kubeconfig),
    startRelay(kubeconfig),
  ]);
  const now = fastNow(factor, from);
  for (const host of [world.github, world.gitlab]) host.setClock(now);
  world.oidc.setTokenLifetime(tokenLifetimeSeconds);
  await cluster.client.create(kinds.namespace, { metadata: { name: system } }, AbortSignal.timeout(30_000));
  const account = await createOperatorAccount(relay.kubeconfigPath, kubeconfig, system);
  await cluster.create(bindings, {
    metadata: { name: system },
    roleRef: { apiGroup: bindings.group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: system }],
  });
  log(`Create ${n} integrations`);
  const teams = await createTeams(cluster, world, n);
  const operator = await startOperator({
    entryPoint: options.entryPoint,
    nodeArgs: nodeFlags,
    preload: import.meta.resolve('../../test/harness/fast-clock.ts'),
    kubeconfig: account.kubeconfigPath,
    env: { ...world.operatorEnv, FAST_CLOCK_FACTOR: String(factor), FAST_CLOCK_FROM: String(from) },
    args: [`--operator-namespace=${system}`, '--cluster-name=soak'],
  });
  const end = new AbortController();
  const watched = watchStalled(cluster, end.signal);
  try {
    await cluster.waitFor('all to be Ready', async () => watched.ready() === n, 300_000);
    const samples: Sample[] = [];
    const events = { rotations: 0, outages: 0 };
    const beganMs = performance.now();
    const goesOn = (): boolean => performance.now() - beganMs < options.minutes * 60_000;
    const every = async (ms: number, work: (turn: number) => Promise<unknown>): Promise<void> => {
      for (let turn = 0; goesOn(); turn += 1) {
        await sleep(ms);
        if (goesOn()) await work(turn);
      }
    };
    await Promise.all([
      every(sampleMs, async () => {
        const hours = ((performance.now() - beganMs) * factor) / 3_600_000;
        samples.push(await takeSample(operator, hours));
        if (samples.length % 12 === 0) log(JSON.stringify(samples.at(-1)));
      }),
      every(outageEveryMs, async (turn) => {
        events.outages += 1;
        const host = hosts[turn % (hosts.length + 1)];
        if (host === undefined) relay.hold();
        else world.internet.setFault(host, { kind: 'refuse' });
        await sleep(outageMs);
        world.calm();
        relay.release();
        relay.cut();
        await account.renewToken();
      }),
      every(limitEveryMs, async () => {
        events.outages += 1;
        world.github.setRateLimit('octocat', { used: 5_000, resetsAtMs: now() + limitMs });
        await Promise.resolve();
      }),
      every(rotateEveryMs, async (turn) => {
        events.rotations += await rotate(cluster, world, teams[turn % teams.length] ?? '');
      }),
    ]);
    // What began last is still under way.
    const faults: string[] = [];
    await cluster
      .waitFor('all to be Ready in the end', async () => watched.ready() === n)
      .catch((error: unknown) => {
        faults.push(`${String(error)} ${watched.unready().join(' ')}`);
      });
    const rows = world.codemie.rows().length;
    if (rows !== n) faults.push(`CodeMie has ${rows} integrations instead of ${n}.`);
    const { requests } = world.internet;
    const isWrite = ({ method, path }: (typeof requests)[number]): boolean =>
      method !== 'GET' && path.includes('/settings/');
    return {
      integrations: n,
      samples,
      stalled: [...watched.stalled],
      faults,
      calls: {
        ...Object.fromEntries(
          hosts.map((host) => [host, requests.filter((each) => each.host === host).length]),
        ),
        writes: requests.filter(isWrite).length,
      },
      // The two tokens and the App of each team.
      credentials: 3 * teams.length,
      ...events,
    };
  } finally {
    end.abort();
    await operator.stop();
    await cluster.close();
    await relay.close();
    await account.remove();
    await world.close();
  }
}

/** Teams with a token of GitHub, one of GitLab and an App each, and integrations with these in turn. */
async function createTeams(cluster: Cluster, world: World, n: number): Promise<string[]> {
  world.github.addOrganization('acme');
  const teams: string[] = [];
  for (let index = 0; index < n; index += 1) {
    const number = Math.floor(index / teamSize);
    const namespace = `soak-${number}`;
    if (teams[number] === undefined) {
      teams.push(namespace);
      await cluster.client.create(
        kinds.namespace,
        { metadata: { name: namespace } },
        AbortSignal.timeout(30_000),
      );
      await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
      await cluster.createSecret(`${namespace}/github`, { token: newToken(world) });
      const token = `glpat-${randomUUID()}`;
      world.gitlab.addToken({ token });
      await cluster.createSecret(`${namespace}/gitlab`, { token });
      const privateKey = newPrivateKey(new Set());
      world.github.addApp({ id: 100 + number, privateKey });
      world.github.addInstallation({ appId: 100 + number, account: 'acme', id: 1000 + number });
      await cluster.createSecret(`${namespace}/app`, { 'private-key.pem': privateKey });
      const limits = { concurrency: 16, requestsPerSecond: 1000 };
      const spec = { url: world.codemie.url, auth: clientCredentials(world, 'login'), limits };
      await cluster.create(kinds.connection, { metadata: { name: 'own', namespace }, spec });
    }
    const kind = (['github', 'gitlab', 'app'] as const)[index % 3] ?? 'github';
    await cluster.create(kinds.integration, {
      metadata: { name: `i${index}`, namespace },
      spec: {
        connectionRef: { kind: 'CodeMieConnection', name: 'own' },
        provider: kind === 'gitlab' ? 'GitLab' : 'GitHub',
        project: 'demo',
        auth:
          kind === 'app'
            ? {
                githubApp: {
                  appID: 100 + number,
                  privateKeySecretRef: { name: 'app', key: 'private-key.pem' },
                  installation: { owner: 'acme' },
                },
              }
            : { token: { secretRef: { name: kind } } },
      },
    });
  }
  return teams;
}

function newToken(world: World): string {
  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  return token;
}

/** Gives a team another token of GitHub. @returns how many integrations use it */
async function rotate(cluster: Cluster, world: World, namespace: string): Promise<number> {
  await cluster.setSecret(`${namespace}/github`, 'token', newToken(world));
  const objects = await cluster.list(kinds.integration, namespace);
  return objects.filter((object) => JSON.stringify(object['spec']).includes('"github"')).length;
}

function watchStalled(cluster: Cluster, signal: AbortSignal) {
  const informer = createInformer({ client: cluster.client, resource: gitIntegrations, log: silentLog });
  const stalled = new Set<string>();
  const conditionOf = (object: KubeObject, wanted: string) =>
    parseGitIntegrationStatus(object['status']).conditions?.find(({ type }) => type === wanted);
  informer.onChange(({ object }) => {
    const condition = conditionOf(object, 'Stalled');
    if (condition?.status === 'True') stalled.add(`${keyOf(object)} ${condition.reason}`);
  });
  void informer.run(signal);
  const isReady = (object: KubeObject): boolean => conditionOf(object, 'Ready')?.status === 'True';
  return {
    stalled,
    ready: () => [...informer.store.list()].filter(isReady).length,
    unready: () => [...informer.store.list()].filter((object) => !isReady(object)).map(keyOf),
  };
}

async function takeSample(operator: OperatorProcess, hours: number): Promise<Sample> {
  const text = await operator.metrics();
  const folder = `/proc/${operator.pid}/fd`;
  const targets = await Promise.all(
    // One may be closed by then.
    (await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  );
  const timers = samplesOf(text, 'nodejs_active_resources').filter(
    ({ labels }) => labels['type'] === 'Timeout',
  );
  return {
    hours,
    rssMiB: (await memoryMiB(operator.pid)).rss,
    heapMiB: (samplesOf(text, 'nodejs_heap_size_used_bytes')[0]?.value ?? Number.NaN) / 1024 ** 2,
    descriptors: targets.length,
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    timers: timers[0]?.value ?? 0,
  };
}
