import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runAgainst } from './bench/against.ts';
import { benchCodeMiePace, paceTable } from './bench/codemie-pace.ts';
import { benchCommandLine, commandLineTable } from './bench/command-line.ts';
import { comparison, type RoundFigures, summarize, table } from './bench/figures.ts';
import { benchGitServers, gitServersTable } from './bench/git-servers.ts';
import { attacks } from './bench/hostile/attacks.ts';
import { type HostileFigures, hostileTable, runAttack } from './bench/hostile/run.ts';
import { createProgress, type Progress } from './bench/progress.ts';
import { runRound } from './bench/round.ts';
import { benchShards, shardTable } from './bench/shards.ts';
import { onStage } from './bench/stage.ts';
import { doubts } from './bench/trust.ts';
import { bundle } from './build/bundle.ts';

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const flagsSchema = z.strictObject({
  /** How many integrations. */
  n: whole(1, 100_000).default(1000),
  /** Rounds, in each of which the bare loop and the operator take turns. */
  repeats: whole(1, 100).default(3),
  /** Of the operator, and of the bare loop. */
  workers: whole(1, 64).default(4),
  /** Seconds in which nothing may happen. */
  idle: whole(0, 86_400).default(60),
  /** Secrets of 100 kB that are none of the operator's business. Default: half as many as integrations. */
  'foreign-secrets': whole(0, 100_000).optional(),
  /** A folder for CPU profiles of the operator. */
  profile: z.string().optional(),
  /** Another commit, whose operator takes turns with this one. */
  against: z.string().optional(),
  /** Attacks of one team on the others, instead of all of the above. */
  hostile: z.boolean().default(false),
  /** Into how many shards the integrations are divided: measures one of them, instead of all of the above. */
  shards: whole(2, 1_000).optional(),
  /** Creates per second of a CodeMie as slow as a real one: measures how much longer the operator takes, instead of all of the above. */
  'codemie-pace': z.coerce.number().min(1).max(1_000).optional(),
  /** KubeRocketCI's GitServers next to this operator, instead of all of the above. Needs Go. */
  'git-servers': z.boolean().default(false),
  /** The command line, instead of all of the above. */
  cli: z.boolean().default(false),
  /** With `hostile`: only attacks whose name holds this text. */
  only: z.string().default(''),
  /** With `hostile`: the bundle of another build, to compare with. */
  program: z.string().optional(),
});

/** Flags without a value. */
const switches: ReadonlySet<string> = new Set(['hostile', 'git-servers', 'cli']);

const machine = `${cpus().length} cores, node ${process.version}`;

const resultsFolder = join(import.meta.dirname, '..', 'bench');

/**
 * `npm run bench [-- --n 10000 --idle 600]`: what the operator costs, on a separate control plane. Prints a table
 * and writes bench/results.json. docs/performance.md says what the figures mean.
 */
async function main(args: string[]): Promise<void> {
  const options = Object.fromEntries(
    Object.keys(flagsSchema.shape).map((name) => [
      name,
      { type: switches.has(name) ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const flags = flagsSchema.parse(parseArgs({ args, options }).values);
  const { n, repeats, workers, idle: idleSeconds, profile } = flags;
  const { 'foreign-secrets': foreignSecrets = Math.ceil(n / 2) } = flags;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

  if (flags.cli) {
    const figures = await benchCommandLine(
      { manifests: 5000, repeats: flags.repeats ?? 5 },
      interrupt.signal,
    );
    console.log(`${commandLineTable(figures)}\n\n${machine}`);
    return;
  }
  const progress = createProgress();
  if (flags.hostile) {
    await benchAttacks(flags, progress, interrupt.signal);
    return;
  }
  const { shards } = flags;
  if (shards !== undefined) {
    const figures = await onStage(0, progress, interrupt.signal, (stage) =>
      benchShards(stage, { n, shards, workers }, interrupt.signal),
    );
    progress.end();
    console.log(`${shardTable(figures)}\n\n${machine}`);
    return;
  }
  const { 'codemie-pace': createsPerSecond } = flags;
  if (createsPerSecond !== undefined) {
    const figures = await onStage(0, progress, interrupt.signal, (stage) =>
      benchCodeMiePace(stage, { n, workers, repeats, createsPerSecond }, interrupt.signal),
    );
    progress.end();
    console.log(`${n} integrations, CodeMie creates ${createsPerSecond} a second, rounds: ${repeats}\n`);
    console.log(`${paceTable(figures)}\n\n${machine}`);
    return;
  }
  if (flags['git-servers']) {
    const figures = await onStage(0, progress, interrupt.signal, (stage) =>
      benchGitServers(stage, { n, workers, repeats }, interrupt.signal),
    );
    progress.end();
    console.log(`${n} objects of each, rounds: ${repeats}\n`);
    console.log(`${gitServersTable(figures, n)}\n\n${machine}`);
    return;
  }
  if (flags.against !== undefined) {
    const stageOptions = { against: flags.against, n, workers, repeats, foreignSecrets };
    await benchAgainst(stageOptions, progress, interrupt.signal);
    return;
  }
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
  const why = doubts(rounds);
  const setting = { n, repeats, workers, foreignSecrets, idleSeconds };
  const machineFacts = { cores: cpus().length, cpu: cpus()[0]?.model, node: process.version, doubts: why };
  await mkdir(resultsFolder, { recursive: true });
  const content = JSON.stringify({ ...setting, ...machineFacts, ...summary }, undefined, 2);
  await writeFile(join(resultsFolder, 'results.json'), `${content}\n`);
  console.log(`${n} integrations, ${workers} workers, ${cpus().length} cores, rounds: ${repeats}\n`);
  console.log(table(summary, n, why.length === 0));
  if (why.length > 0) console.log(`\n${why.join(' ')} The times get no verdict.`);
}

/** `npm run bench -- --against COMMIT`: what this operator costs, as a ratio to that of another commit. */
async function benchAgainst(
  options: { against: string; n: number; workers: number; repeats: number; foreignSecrets: number },
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { against, n, workers, repeats, foreignSecrets } = options;
  const { before, after } = await onStage(foreignSecrets, progress, signal, (stage) =>
    runAgainst(against, repeats, { n, workers, idleSeconds: 0 }, { stage, signal }),
  );
  progress.end();
  console.log(`${n} integrations, ${workers} workers, ${cpus().length} cores, rounds of each: ${repeats}`);
  console.log(`before: ${against}, after: this checkout\n\n${comparison(before, after)}`);
  const reasons = doubts([...before, ...after]);
  if (reasons.length > 0) console.log(`\n${reasons.join(' ')} The ratios say little.`);
}

/** `npm run bench -- --hostile`: how long others wait, and what it costs in memory, while one team attacks. */
async function benchAttacks(
  { only, program }: Pick<z.output<typeof flagsSchema>, 'only' | 'program'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-program-'));
  try {
    if (program === undefined) await bundle(join(import.meta.dirname, '..'), folder);
    const entryPoint = program ?? join(folder, 'main.mjs');
    const figures: HostileFigures[] = [];
    for (const attack of attacks.filter(({ name }) => name.includes(only))) {
      signal.throwIfAborted();
      figures.push(await runAttack(attack, { entryPoint, progress, signal }));
    }
    progress.end();
    console.log(`${hostileTable(figures)}\n\n${machine}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
