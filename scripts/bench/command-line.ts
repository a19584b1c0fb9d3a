import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goodManifests } from '../../src/cli/lint/broken-manifests.ts';
import { bundle } from '../build/bundle.ts';

/** Times of processes, in milliseconds; the median of the runs. */
export interface CommandLineFigures {
  /** `node -e 0`: what every program in Node.js takes at least. */
  bareMs: number;
  /** `codemie-git --help`. */
  helpMs: number;
  /** `codemie-git lint` of a folder. */
  lintMs: number;
  /** How many manifests that was, in a file each. */
  manifests: number;
}

/**
 * Measures the command line as it is shipped. Runs take turns, so that whatever else the machine does hits all alike,
 * and the ratios say something also where the times do not.
 */
export async function benchCommandLine(
  { manifests, repeats }: { manifests: number; repeats: number },
  signal: AbortSignal,
): Promise<CommandLineFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-cli-'));
  try {
    await bundle(join(import.meta.dirname, '..', '..'), folder);
    const program = join(folder, 'codemie-git.mjs');
    const set = join(folder, 'manifests');
    await mkdir(set);
    for (let index = 0; index < manifests; index++) {
      const manifest = goodManifests.token.replace('name: github\n', `name: github-${index}\n`);
      await writeFile(join(set, `${index}.yaml`), manifest);
    }
    const commands = {
      bareMs: ['-e', '0'],
      helpMs: [program, '--help'],
      lintMs: [program, 'lint', set],
    };
    const times: Record<keyof typeof commands, number[]> = { bareMs: [], helpMs: [], lintMs: [] };
    for (let round = 0; round < repeats; round++)
      for (const name of ['bareMs', 'helpMs', 'lintMs'] as const) {
        signal.throwIfAborted();
        times[name].push(await timeOf(commands[name]));
      }
    return {
      bareMs: median(times.bareMs),
      helpMs: median(times.helpMs),
      lintMs: median(times.lintMs),
      manifests,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @throws Error when the command fails: a program that ends early is fast */
async function timeOf(args: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`node ${args.join(' ')} failed.`);
  return performance.now() - startMs;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** The figures as a table of Markdown. */
export function commandLineTable({ bareMs, helpMs, lintMs, manifests }: CommandLineFigures): string {
  const row = (name: string, ms: number) =>
    `| ${name} | ${Math.round(ms)} ms | ${(ms / bareMs).toFixed(1)} |`;
  return [
    '| Command | Median | Times `node -e 0` |',
    '| --- | ---: | ---: |',
    row('`node -e 0`', bareMs),
    row('`codemie-git --help`', helpMs),
    row(`\`codemie-git lint\` of ${manifests} manifests`, lintMs),
  ].join('\n');
}
