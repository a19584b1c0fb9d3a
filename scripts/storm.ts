import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describePlan, type Plan, planOf } from '../test/storm/plan.ts';
import { type StormCluster, startStormCluster } from '../test/storm/scene.ts';
import { shrink } from '../test/storm/shrink.ts';
import { runStorm } from '../test/storm/storm.ts';
import { bundle } from './build/bundle.ts';

const flagsSchema = z.strictObject({
  /** The first seed; the next ones follow. */
  seed: z.coerce.number().int().default(1),
  /** After so many minutes no further storm begins. */
  minutes: z.coerce.number().min(0).default(1),
  /** How many minutes a storm that failed may be made smaller. */
  shrink: z.coerce.number().min(0).default(20),
  /** A file with the steps of one storm, as this writes it, instead of a seed. */
  script: z.string().optional(),
});

/**
 * `npm run storm -- --minutes 30 --seed 1`: one storm after the other, until one fails. Then it prints what failed, and
 * takes steps out as long as it still fails: what is left is written to a file, which `--script` plays again.
 */
async function main(args: string[]): Promise<void> {
  const options = Object.fromEntries(
    Object.keys(flagsSchema.shape).map((name) => [name, { type: 'string' as const }]),
  );
  const flags = flagsSchema.parse(parseArgs({ args, options }).values);
  const folder = await mkdtemp(join(tmpdir(), 'storm-program-'));
  await bundle(join(import.meta.dirname, '..'), folder);
  const stormCluster = await startStormCluster(join(folder, 'main.mjs'), (line) => console.log(line));
  try {
    if (flags.script !== undefined) {
      await tryPlan('script', await readPlan(flags.script), stormCluster, flags.shrink);
      return;
    }
    const endMs = performance.now() + flags.minutes * 60_000;
    for (let { seed } = flags; seed === flags.seed || performance.now() < endMs; seed += 1)
      if (!(await tryPlan(`seed ${seed}`, planOf(seed), stormCluster, flags.shrink))) return;
  } finally {
    await stormCluster.close();
    await rm(folder, { recursive: true });
  }
}

/** @returns whether nothing was wrong */
async function tryPlan(
  name: string,
  plan: Plan,
  stormCluster: StormCluster,
  shrinkMinutes: number,
): Promise<boolean> {
  const beganMs = performance.now();
  const log = (line: string): void => console.log(`  ${seconds(beganMs)} s ${line}`);
  const { faults, round, output } = await runStorm(plan, stormCluster, log);
  console.log(`${name}: ${faults.length === 0 ? 'well' : 'FAILED'} after ${seconds(beganMs)} s`);
  if (faults.length === 0) return true;
  process.exitCode = 1;
  const file = join(tmpdir(), `storm ${name}`.replaceAll(' ', '-'));
  await writeFile(`${file}.log`, output);
  console.log(`${faults.join('\n')}\n\n${describePlan(plan)}\n\nThe operators wrote ${file}.log.`);
  const endMs = performance.now() + shrinkMinutes * 60_000;
  const upToFault = plan.slice(0, (round ?? plan.length) + 1);
  const smallest = await shrink(
    upToFault,
    async (tried) => {
      const { faults: found } = await runStorm(tried, stormCluster);
      console.log(`  ${tried.flat().length} steps: ${found[0] ?? 'well'}`);
      return found.length > 0;
    },
    () => performance.now() > endMs,
  );
  await writeFile(`${file}.json`, `${JSON.stringify(smallest, undefined, 2)}\n`);
  console.log(`\nThis is left of it, in ${file}.json:\n${describePlan(smallest)}`);
  return false;
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(0);

async function readPlan(file: string): Promise<Plan> {
  // Written by this script, in the shape of its type.
  const plan: Plan = JSON.parse(await readFile(file, 'utf8'));
  return plan;
}

await main(process.argv.slice(2));
