import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type RoundFigures, summarize, table } from './bench/figures.ts';
import { watchMachine } from './bench/process-stats.ts';
import { createProgress } from './bench/progress.ts';
import { runRound } from './bench/round.ts';
import { onStage } from './bench/stage.ts';

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const flagsSchema = z.strictObject({
  /** How many integrations. */
  n: whole(1, 100_000).default(1000),
  /** Rounds. Default 3; 1 for more than 1,000 integrations. */
  repeats: whole(1, 100).optional(),
  /** Of the operator, and of the bare loop. */
  workers: whole(1, 64).default(4),
  /** Seconds in which nothing may happen. */
  idle: whole(0, 86_400).default(60),
  /** Secrets of 100 kB that are none of the operator's business. Default: half as many as integrations. */
  'foreign-secrets': whole(0, 100_000).optional(),
  /** A folder for CPU profiles of the operator. */
  profile: z.string().optional(),
});

/** With more of the machine in use before anything was started, the times say little. */
const quietShare = 0.1;

const resultsFolder = join(import.meta.dirname, '..', 'bench');

/**
 * `npm run bench [-- --n 10000 --idle 600]`: what the operator costs, on a control plane of its own. Prints a table
 * and writes bench/results.json. docs/performance.md says what the figures mean.
 */
async function main(args: string[]): Promise<void> {
  const options = Object.fromEntries(
    Object.keys(flagsSchema.shape).map((name) => [name, { type: 'string' as const }]),
  );
  const flags = flagsSchema.parse(parseArgs({ args, options }).values);
  const { n, workers, idle: idleSeconds, profile } = flags;
  const { repeats = n > 1000 ? 1 : 3, 'foreign-secrets': foreignSecrets = Math.ceil(n / 2) } = flags;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

  const progress = createProgress();
  progress.step('See whether the machine is quiet');
  const machine = await watchMachine();
  await sleep(2000);
  const quiet = (await machine()).busyShare < quietShare;

  const rounds: RoundFigures[] = [];
  await onStage(foreignSecrets, progress, interrupt.signal, async (stage) => {
    for (let round = 0; round < repeats; round++) {
      interrupt.signal.throwIfAborted();
      const only = { n, workers, idleSeconds: round === 0 ? idleSeconds : 0 };
      rounds.push(await runRound(stage, { ...only, ...(profile !== undefined && { profile }) }, round));
    }
  });
  progress.end();

  const summary = summarize(rounds);
  const setting = { n, repeats, workers, foreignSecrets, idleSeconds };
  const machineFacts = { cores: cpus().length, cpu: cpus()[0]?.model, node: process.version, quiet };
  await mkdir(resultsFolder, { recursive: true });
  const content = JSON.stringify({ ...setting, ...machineFacts, ...summary }, undefined, 2);
  await writeFile(join(resultsFolder, 'results.json'), `${content}\n`);
  console.log(`${n} integrations, ${workers} workers, ${cpus().length} cores, rounds: ${repeats}\n`);
  console.log(table(summary, n));
  if (!quiet) console.log('\nSomething else was at work on this machine: the times say little.');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
