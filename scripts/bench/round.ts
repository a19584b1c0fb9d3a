import { setTimeout as sleep } from 'node:timers/promises';
import { gitIntegrations } from '../../src/api/group.ts';
import type { AdminClient } from '../../test/harness/admin-client.ts';
import { type OperatorProcess, startOperator } from '../../test/harness/operator-process.ts';
import { nodeFlags } from '../build/node-flags.ts';
import { runBareLoop } from './bare-loop.ts';
import type { RoundFigures } from './figures.ts';
import { isReady, type Observer } from './observer.ts';
import { noCounts, type OperatorCounts, readCounts, writesBetween } from './operator-counts.ts';
import { type Peers, startPeers } from './peers-process.ts';
import {
  createConnection,
  createPopulation,
  newToken,
  type Population,
  projectNames,
  removeConnection,
  rename,
  setToken,
  touchConnection,
} from './population.ts';
import { cpuMs, memoryMiB, watchMachine } from './process-stats.ts';
import type { Progress } from './progress.ts';
import { bucketsSince, quantile } from './prometheus.ts';
import { untilQuiet } from './quiet.ts';
import { measurePiece } from './trust.ts';

/** What every round needs. */
export interface Stage {
  client: AdminClient;
  /** Of an administrator, too. */
  kubeconfig: string;
  observer: Observer;
  /** How the operator reaches the API server. */
  operatorEnv: Record<string, string>;
  /** The operator as it is in its image. */
  entryPoint: string;
  /** The operator's secret at the identity provider. */
  clientSecret: string;
  progress: Progress;
}

/** Starts the operator of a stage as its image does. @param options what differs: flags of Node.js, arguments */
export function startStagedOperator(
  { operatorEnv, entryPoint }: Pick<Stage, 'operatorEnv' | 'entryPoint'>,
  peers: Pick<Peers, 'operatorEnv'>,
  { workers, nodeArgs = [], args = [] }: { workers: number; nodeArgs?: string[]; args?: string[] },
): Promise<OperatorProcess> {
  return startOperator({
    env: { ...operatorEnv, ...peers.operatorEnv },
    entryPoint,
    nodeArgs: [...nodeFlags, ...nodeArgs],
    args: [`--workers=${workers}`, '--cluster-name=bench', ...args],
  });
}

/** From the start of the operator until all are Ready, in milliseconds. Leaves nothing behind. */
export async function measureColdStart(
  peers: Peers,
  stage: Stage,
  { n, workers, prefix }: { n: number; workers: number; prefix: string },
): Promise<number> {
  const { client, observer, progress } = stage;
  progress.step(`Create ${n} integrations for the operator`);
  const work = createPopulation(client, prefix, n);
  await work.create(await newToken(peers));
  await createConnection(client, peers);
  progress.step('Start the operator, until all are Ready', () => `${observer.ready()} of ${n}`);
  const started = performance.now();
  const allReady = observer.when(() => observer.ready() === n);
  const operator = await startStagedOperator(stage, peers, { workers });
  try {
    return (await allReady) - started;
  } finally {
    await operator.stop();
    progress.step('Remove everything');
    await work.remove();
    await removeConnection(client);
    await observer.when(() => observer.ready() === 0);
  }
}

/** How to run a round. */
export interface RoundOptions {
  n: number;
  workers: number;
  /** How long nothing may happen; 0: that is not measured. */
  idleSeconds: number;
  /** A folder for a CPU profile of the operator. */
  profile?: string;
}

/** How often a single token is changed. */
const singleChanges = 5;
const pollMs = 10;
const newsPollMs = 1000;

/** Measures everything once, with its own objects, and leaves nothing behind. */
export async function runRound(stage: Stage, options: RoundOptions, round: number): Promise<RoundFigures> {
  const { client, observer, clientSecret, progress } = stage;
  const { n, workers } = options;
  const names = { limit: `limit-${round}`, work: `work-${round}`, single: `single-${round}` };
  const projects = [...projectNames(names.work, n), ...projectNames(names.single, 1)];
  const peers = await startPeers(clientSecret, projects);
  const token = await newToken(peers);

  progress.step(`Create ${n} integrations for the bare loop`);
  const limit = createPopulation(client, names.limit, n);
  await limit.create(token);
  const { items } = await client.list(gitIntegrations, { signal: AbortSignal.timeout(60_000) });
  progress.step('Write to them in a bare loop', () => `${observer.ready()} of ${n}`);
  const pieceMs = measurePiece();
  const limitMachine = await watchMachine();
  const limitMs = await runBareLoop(client, items, workers);
  const limitUse = await limitMachine();
  progress.step('Remove them');
  await limit.remove();
  await observer.when(() => observer.ready() === 0);

  progress.step(`Create ${n} integrations for the operator`);
  const work = createPopulation(client, names.work, n);
  await work.create(token);
  await createConnection(client, peers);
  const single = createPopulation(client, names.single, 1);

  const { operator, start } = await measureStart(stage, options, peers);
  try {
    const idle = options.idleSeconds > 0 ? await measureIdle(stage, operator, options.idleSeconds) : {};
    const memory = await memoryMiB(operator.pid);
    const secretToCodeMieMs = await measureSingle(stage, operator, peers, single);
    const rotation = await measureRotation(stage, operator, peers, work);
    const resync = await measureResync(stage, operator, work);
    const { peak } = await memoryMiB(operator.pid);
    return {
      limitMs,
      pieceMs,
      limitBusyShare: limitUse.busyShare,
      limitOthersShare: limitUse.othersShare,
      limitApiServerCpuMs: limitUse.apiServerCpuMs / n,
      ratioToLimit: start.operatorMs / limitMs,
      ...start,
      ...idle,
      rssMiB: memory.rss,
      rssPeakMiB: peak,
      secretToCodeMieMs,
      ...rotation,
      ...resync,
    };
  } finally {
    await operator.stop();
    progress.step('Remove everything');
    await work.remove();
    await single.remove();
    await removeConnection(client);
    await peers.stop();
  }
}

async function measureStart(stage: Stage, options: RoundOptions, peers: Peers) {
  const { observer, progress } = stage;
  const { n, workers, profile } = options;
  progress.step('Start the operator, until all are Ready', () => `${observer.ready()} of ${n}`);
  await peers.takeTraffic();
  const versions = observer.versions();
  const machine = await watchMachine();
  const peersCpu = await cpuMs(peers.pid);
  const started = performance.now();
  const allReady = observer.when(() => observer.ready() === n);
  const nodeArgs = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const operator = await startStagedOperator(stage, peers, { workers, nodeArgs });
  const startupMs = performance.now() - started;
  const operatorMs = (await allReady) - started;
  const cpu = await cpuMs(operator.pid);
  const use = await machine();
  const startPeersCpuMs = ((await cpuMs(peers.pid)) - peersCpu) / n;

  progress.step('Wait until its news is out and it rests');
  await untilNewsIsOut(operator, n);
  await untilQuiet(operator.pid);
  const counts = await readCounts(operator);
  const traffic = await peers.takeTraffic();
  return {
    operator,
    start: {
      operatorMs,
      startupMs,
      cpuMsPerIntegration: cpu / n,
      reconcileP50Ms: quantile(0.5, counts.reconciles) * 1000,
      reconcileP99Ms: quantile(0.99, counts.reconciles) * 1000,
      ...countStart(counts, traffic, n),
      objectVersionsPerIntegration: (observer.versions() - versions) / n,
      startBusyShare: use.busyShare,
      startOthersShare: use.othersShare,
      startApiServerCpuMs: use.apiServerCpuMs / n,
      startPeersCpuMs,
    },
  };
}

/** Events are written at leisure, so that they hold up nothing. */
async function untilNewsIsOut(operator: OperatorProcess, n: number): Promise<void> {
  while (writesBetween(noCounts, await readCounts(operator), 'events') < n) await sleep(newsPollMs);
}

function countStart(counts: OperatorCounts, traffic: Record<string, number>, n: number) {
  const listing = 'GET codemie.example.com /code-assistant-api/v1/settings/project';
  const creating = 'POST codemie.example.com /code-assistant-api/v1/settings/project';
  return {
    objectWritesPerIntegration: writesBetween(noCounts, counts, gitIntegrations.plural) / n,
    eventWritesPerIntegration: writesBetween(noCounts, counts, 'events') / n,
    secretReadsPerIntegration: (counts.requests['get secrets'] ?? 0) / n,
    reconcilesPerIntegration: (counts.reconciles.get(Infinity) ?? 0) / n,
    providerCallsForSharedCredential: callsTo(traffic, 'api.github.com'),
    codemieCreates: traffic[creating] ?? 0,
    codemieListPages: traffic[listing] ?? 0,
    codemieCalls: callsTo(traffic, 'codemie.example.com'),
    metricsSeries: counts.series,
  };
}

async function measureIdle({ observer, progress }: Stage, operator: OperatorProcess, seconds: number) {
  const end = performance.now() + seconds * 1000;
  const before = await readCounts(operator);
  const versions = observer.versions();
  progress.step('Do nothing', () => `${Math.ceil((end - performance.now()) / 1000)} s left`);
  await sleep(seconds * 1000);
  const idleWrites = writesBetween(before, await readCounts(operator));
  return { idleWrites: Math.max(idleWrites, observer.versions() - versions) };
}

/** One integration with its own Secret, while nothing else happens. */
async function measureSingle(stage: Stage, operator: OperatorProcess, peers: Peers, single: Population) {
  const { client, observer, progress } = stage;
  progress.step('Change one Secret');
  const ready = observer.ready();
  await single.create(await newToken(peers));
  await observer.when(() => observer.ready() > ready);
  const durations: number[] = [];
  for (let change = 0; change < singleChanges; change++) {
    await untilQuiet(operator.pid);
    const token = await newToken(peers);
    const started = performance.now();
    const namespace = single.keys()[0]?.split('/')[0];
    await setToken(client, `${namespace}/token`, token);
    while ((await peers.countRows(token)) < 1) await sleep(pollMs);
    durations.push(performance.now() - started);
  }
  return Math.max(...durations);
}

async function measureRotation(stage: Stage, operator: OperatorProcess, peers: Peers, work: Population) {
  stage.progress.step('Rotate the shared token');
  await untilQuiet(operator.pid);
  const token = await newToken(peers);
  await peers.takeTraffic();
  const before = await readCounts(operator);
  const started = await work.rotate(token);
  while ((await peers.countRows(token)) < work.count) await sleep(pollMs);
  const rotationMs = performance.now() - started;
  // Statuses follow when CodeMie lists what it was given, and it may think about that for longer than rest is judged
  // by.
  let now = await readCounts(operator);
  for (; writesBetween(before, now, gitIntegrations.plural) < work.count; now = await readCounts(operator))
    await sleep(newsPollMs);
  await untilQuiet(operator.pid);
  const traffic = await peers.takeTraffic();
  return {
    rotationMs,
    rotationProviderCalls: callsTo(traffic, 'api.github.com'),
    rotationCodemieCalls: callsTo(traffic, 'codemie.example.com'),
    rotationObjectWrites: writesBetween(before, now, gitIntegrations.plural) / work.count,
  };
}

/** A change of the connection makes the operator check every integration; a user edits one in the meantime. */
async function measureResync(
  { client, observer, progress }: Stage,
  operator: OperatorProcess,
  work: Population,
) {
  progress.step('Check all again, and edit one in the meantime');
  await untilQuiet(operator.pid);
  const before = await readCounts(operator);
  const started = performance.now();
  await touchConnection(client);
  // The edit shall meet a full queue.
  await sleep(200);
  const key = work.keys().at(-1) ?? '';
  const edited = performance.now();
  await rename(client, key, 'renamed-by-a-user');
  const handled = await observer.when(() => {
    const object = observer.get(key);
    return object !== undefined && object.metadata.generation === 2 && isReady(object);
  });
  const resyncMs = (await untilQuiet(operator.pid)) - started;
  const reconciles = bucketsSince(before.reconciles, (await readCounts(operator)).reconciles);
  return {
    resyncMs,
    editDuringResyncMs: handled - edited,
    resyncP50Ms: quantile(0.5, reconciles) * 1000,
    resyncP99Ms: quantile(0.99, reconciles) * 1000,
  };
}

function callsTo(traffic: Record<string, number>, host: string): number {
  const calls = Object.entries(traffic).filter(([endpoint]) => endpoint.split(' ')[1] === host);
  return calls.reduce((sum, [, count]) => sum + count, 0);
}
