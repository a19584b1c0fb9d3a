import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startControlPlane } from '../test/harness/control-plane/control-plane.ts';
import { installCrds } from '../test/harness/crds.ts';
import { bundle } from './build/bundle.ts';
import { judge, soakTable } from './soak/report.ts';
import { runSoak } from './soak/soak.ts';

const flagsSchema = z.strictObject({
  /** How long it takes. */
  minutes: z.coerce.number().min(1).default(60),
  /** How many times as fast the operator's time passes. By default an hour is a week. */
  factor: z.coerce.number().min(1).default(168),
  /** How many integrations. */
  n: z.coerce.number().int().min(10).default(200),
});

/**
 * `npm run soak -- --minutes 60`: a week of operation in an hour: intervals, renewals, rotations, rate limits, and an
 * outage of each server now and then. Prints what the process held and how often it asked, and exits with 1 if that
 * grew, a status was wrong, or it asked too often.
 */
async function main(args: string[]): Promise<void> {
  const options = Object.fromEntries(
    Object.keys(flagsSchema.shape).map((name) => [name, { type: 'string' as const }]),
  );
  const flags = flagsSchema.parse(parseArgs({ args, options }).values);
  const folder = await mkdtemp(join(tmpdir(), 'soak-program-'));
  await bundle(join(import.meta.dirname, '..'), folder);
  const controlPlane = await startControlPlane({ log: (line) => console.log(line), gcPercent: 400 });
  try {
    await installCrds(controlPlane.kubeconfigPath);
    const report = await runSoak({
      ...flags,
      kubeconfig: controlPlane.kubeconfigPath,
      entryPoint: join(folder, 'main.mjs'),
      log: (line) => console.log(line),
    });
    console.log(soakTable(report));
    const faults = judge(report);
    console.log(faults.length === 0 ? '\nNothing was wrong.' : `\n${faults.join('\n')}`);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    await controlPlane.stop();
    await rm(folder, { recursive: true });
  }
}

await main(process.argv.slice(2));
