import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../scripts/image/command.ts';

/** The files of a commit, by their paths. */
export type Commit = Readonly<Record<string, string>>;

/** A Git repository on this machine. */
export interface Repository {
  /** What Git clones. */
  url: string;
  /** Makes these files, and the chart in `chart/`, the next commit of `main`. Returns its hash. */
  commit(files: Commit): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Creates a repository in a temporary folder.
 *
 * @param chart the folder of a chart that each commit contains
 */
export async function createRepository(chart: string): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'repository-'));
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', HOME: folder };
  const who = ['-c', 'user.name=Platform', '-c', 'user.email=platform@example.com'];
  const git = (...args: string[]): Promise<string> => run('git', ['-C', folder, ...who, ...args], { env });
  await git('init', '--quiet', '--initial-branch=main');
  return {
    url: `file://${folder}`,
    async commit(files) {
      for (const name of await readdir(folder))
        if (name !== '.git') await rm(join(folder, name), { recursive: true });
      await cp(chart, join(folder, 'chart'), { recursive: true });
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message=Change');
      return (await git('rev-parse', 'HEAD')).trim();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
