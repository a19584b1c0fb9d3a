import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../build/bundle.ts';
import type { RoundFigures } from './figures.ts';
import type { Progress } from './progress.ts';
import { type RoundOptions, runRound, type Stage } from './round.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

/** The rounds of two programs, the n-th of one next to the n-th of the other. */
export interface PairedRounds {
  before: RoundFigures[];
  after: RoundFigures[];
}

/**
 * Runs the operator of another commit and this one by turns, on one stage and with the CRDs of this checkout. Which of them
 * goes first changes from round to round, so that a machine that becomes slower favours neither.
 *
 * @param commit anything that `git rev-parse` knows
 * @param repeats rounds of each
 */
export async function runAgainst(
  commit: string,
  repeats: number,
  options: RoundOptions,
  { stage, signal }: { stage: Stage; signal: AbortSignal },
): Promise<PairedRounds> {
  const other = await bundleOf(commit, stage.progress);
  const rounds: PairedRounds = { before: [], after: [] };
  const programs = { before: join(other, 'main.mjs'), after: stage.entryPoint };
  try {
    for (let round = 0; round < repeats; round++) {
      const order = round % 2 === 0 ? (['before', 'after'] as const) : (['after', 'before'] as const);
      for (const [turn, which] of order.entries()) {
        signal.throwIfAborted();
        const figures = await runRound(
          { ...stage, entryPoint: programs[which] },
          { ...options, idleSeconds: 0 },
          2 * round + turn,
        );
        rounds[which].push(figures);
      }
    }
    return rounds;
  } finally {
    await rm(other, { recursive: true });
  }
}

/** The folder with the operator of a commit, as for its image, with the packages of its lock file. */
async function bundleOf(commit: string, progress: Progress): Promise<string> {
  progress.step(`Bundle the operator of ${commit}`);
  const program = await mkdtemp(join(tmpdir(), 'bench-against-'));
  const parent = await mkdtemp(join(tmpdir(), 'bench-sources-'));
  const sources = join(parent, 'checkout');
  await run('git', ['worktree', 'add', '--detach', sources, commit], { cwd: root });
  try {
    const [theirs, ours] = await Promise.all(
      [sources, root].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8')),
    );
    if (theirs === ours) await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
    else await run('npm', ['ci'], { cwd: sources });
    await bundle(sources, program);
    return program;
  } finally {
    await run('git', ['worktree', 'remove', '--force', sources], { cwd: root });
    await rm(parent, { recursive: true });
  }
}
