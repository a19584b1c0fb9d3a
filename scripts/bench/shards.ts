import { setTimeout as sleep } from 'node:timers/promises';
import { gitIntegrations } from '../../src/api/group.ts';
import type { OperatorProcess } from '../../test/harness/operator-process.ts';
import { runBareLoop } from './bare-loop.ts';
import { readCounts } from './operator-counts.ts';
import { startPeers } from './peers-process.ts';
import { createConnection, createPopulation, newToken, projectNames } from './population.ts';
import { cpuMs, memoryMiB } from './process-stats.ts';
import { untilQuiet } from './quiet.ts';
import { type Stage, startStagedOperator } from './round.ts';

/** What one shard costs while the cluster holds so many integrations. */
export interface ShardFigures {
  /** Integrations in the cluster. */
  integrations: number;
  /** Integrations that the shard reconciles. */
  own: number;
  /** From its start until it has nothing left to do, in milliseconds. */
  startMs: number;
  /** CPU time of that, in milliseconds. */
  startCpuMs: number;
  rssMiB: number;
  peakMiB: number;
  /** Its requests to the API server since the start, watches left out. */
  apiRequests: number;
  /** Its requests to CodeMie, the Git host and the identity provider since the start. */
  otherRequests: number;
}

/** The label that says which shard an integration belongs to. */
const shardLabel = 'codemie.ai/shard';

const pollMs = 1_000;

/** In the first measurement the shard is alone; then the others grow to a quarter, a half and all of the integrations. */
const growth = [0.25, 0.5, 1];

/**
 * Measures one shard of several on servers that answer at once: it registers its own integrations first, and is then
 * started again with more and more integrations of other shards, which have a finalizer and a status as if their
 * operators had reconciled them.
 *
 * @param n integrations in the cluster at the end
 * @param shards how many shards divide them
 */
export async function benchShards(
  stage: Stage,
  { n, shards, workers }: { n: number; shards: number; workers: number },
  signal: AbortSignal,
): Promise<ShardFigures[]> {
  const { client, clientSecret, progress } = stage;
  const own = Math.ceil(n / shards);
  const peers = await startPeers(clientSecret, projectNames('own', own));
  try {
    const token = await newToken(peers);
    progress.step(`Create ${own} integrations of the shard`);
    await createPopulation(client, 'own', own, { [shardLabel]: 'own' }).create(token);
    await createConnection(client, peers);
    const figures: ShardFigures[] = [];
    const measure = async (integrations: number): Promise<void> => {
      signal.throwIfAborted();
      progress.step(`Start the shard with ${integrations - own} integrations of others`);
      await peers.takeTraffic();
      const startedMs = performance.now();
      const args = [`--shard-selector=${shardLabel}=own`, '--connections=true'];
      const operator = await startStagedOperator(stage, peers, { workers, args });
      try {
        await stage.observer.when(() => stage.observer.ready() === integrations);
        await untilReconciled(operator, own);
        const startMs = (await untilQuiet(operator.pid)) - startedMs;
        const startCpuMs = await cpuMs(operator.pid);
        const { rss: rssMiB, peak: peakMiB } = await memoryMiB(operator.pid);
        const { requests } = await readCounts(operator);
        const apiRequests = sum(Object.values(requests));
        const otherRequests = sum(Object.values(await peers.takeTraffic()));
        figures.push({ integrations, own, startMs, startCpuMs, rssMiB, peakMiB, apiRequests, otherRequests });
      } finally {
        await operator.stop();
      }
    };

    await measure(own);
    let others = 0;
    for (const share of growth) {
      const more = Math.round(n * share) - own - others;
      if (more <= 0) continue;
      const prefix = `others-${share * 100}`;
      progress.step(`Create ${more} integrations of other shards`);
      const population = createPopulation(client, prefix, more, { [shardLabel]: 'others' });
      await population.create(token);
      progress.step('Write to them what their operators would');
      const { items } = await client.list(gitIntegrations, { signal: AbortSignal.timeout(600_000) });
      const created = items.filter(({ metadata: { namespace } }) => namespace?.startsWith(`${prefix}-`));
      await runBareLoop(client, created, 16);
      others += more;
      await measure(own + others);
    }
    return figures;
  } finally {
    await peers.stop();
  }
}

/** A process can rest for a second before it has begun with all: it may wait for a server. */
async function untilReconciled(operator: OperatorProcess, count: number): Promise<void> {
  while (((await readCounts(operator)).reconciles.get(Infinity) ?? 0) < count) await sleep(pollMs);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The figures as a table of Markdown. */
export function shardTable(figures: readonly ShardFigures[]): string {
  const head = [
    'In the cluster',
    'its own',
    'start',
    'CPU of it',
    'memory',
    'peak',
    'API requests',
    'others',
  ];
  const rows = figures.map((each) =>
    [
      each.integrations.toLocaleString('en'),
      each.own.toLocaleString('en'),
      `${(each.startMs / 1_000).toFixed(1)} s`,
      `${(each.startCpuMs / 1_000).toFixed(1)} s`,
      `${Math.round(each.rssMiB)} MiB`,
      `${Math.round(each.peakMiB)} MiB`,
      each.apiRequests.toLocaleString('en'),
      each.otherRequests.toLocaleString('en'),
    ].join(' | '),
  );
  const line = head.map(() => '---:').join(' | ');
  return [head.join(' | '), line, ...rows].map((row) => `| ${row} |`).join('\n');
}
