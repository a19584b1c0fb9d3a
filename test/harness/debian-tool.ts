import { execFile } from 'node:child_process';
import { access, constants, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cacheFolder, exists, makeOnce } from './cache.ts';

const run = promisify(execFile);

/** The package lists of a distribution, and a package of some megabytes, over a slow network. */
const timeoutMs = 300_000;

/** A program that runs. */
export interface Tool {
  /** Absolute. */
  path: string;
  /** What has to be in its environment besides the usual. */
  env: Record<string, string>;
}

/** Where a program comes from. */
interface ToolOptions {
  /** Its name, such as `promtool`. */
  program: string;
  /** The Debian packages that hold it and the libraries that a bare system may lack. */
  packages: readonly string[];
  /** Where to look for it first; `PATH` of the process by default. */
  searchPath?: string;
}

/**
 * A program of a Debian package, without installing that: the one on `PATH`, else the one of the package, which
 * `apt-get` fetches once and `dpkg` unpacks into the user's cache folder. No rights are needed for it, and nothing
 * that a package does when it is installed happens.
 *
 * @throws Error with one sentence for users when neither works
 */
export async function debianTool({
  program,
  packages,
  searchPath = process.env['PATH'] ?? '',
}: ToolOptions): Promise<Tool> {
  const installed = await findIn(searchPath.split(delimiter), program);
  if (installed !== undefined) return { path: installed, env: {} };
  const folder = await unpackDebian(packages).catch((error: unknown) => {
    const why = error instanceof Error ? lastLine(error.message) : String(error);
    throw new Error(
      `There is no ${program} on PATH, and apt-get could not fetch the Debian package ${packages[0]} (${why}): install it, or put ${program} on PATH.`,
      { cause: error },
    );
  });
  const path = await findIn([join(folder, 'usr', 'bin'), join(folder, 'bin')], program);
  if (path === undefined) throw new Error(`The Debian packages ${packages.join(', ')} have no ${program}.`);
  const libraries = await libraryFolders(folder);
  return { path, env: libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') } };
}

async function findIn(folders: readonly string[], program: string): Promise<string | undefined> {
  for (const folder of folders.filter((each) => each !== '')) {
    const path = join(folder, program);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

/**
 * A folder of the cache with the content of Debian packages, not to be changed. Its name is that of their files, which
 * hold the versions. What they depend on is not in it.
 *
 * @throws Error when apt-get can't fetch them
 */
export async function unpackDebian(packages: readonly string[]): Promise<string> {
  const source = await findSource(packages);
  return await makeOnce(cacheFolder('debian', source.files.join('+')), async (draft) => {
    const download = join(draft, '.download');
    await mkdir(download);
    await run('apt-get', [...source.options, 'download', ...packages], { cwd: download, timeout: timeoutMs });
    for (const file of await readdir(download))
      await run('dpkg', ['-x', join(download, file), draft], { timeout: timeoutMs });
    await rm(download, { recursive: true });
  });
}

interface Source {
  /** For apt-get. */
  options: string[];
  /** Names of the package files, with their versions. */
  files: string[];
}

/** The packages as the system's own lists know them, else as lists that are fetched into the cache do. */
async function findSource(packages: readonly string[]): Promise<Source> {
  const ofSystem = await filesOf(packages, []).catch(() => undefined);
  if (ofSystem) return { options: [], files: ofSystem };
  const state = cacheFolder('debian', 'apt');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(state, 'archives', 'partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${state}/lists`, '-o', `Dir::Cache=${state}`];
  if (process.getuid?.() === 0) options.push('-o', 'APT::Sandbox::User=root');
  await run('apt-get', [...options, '--quiet=2', 'update'], { timeout: timeoutMs });
  return { options, files: await filesOf(packages, options) };
}

/** `apt-get download --print-uris` writes a line `'url' file size hash` for each package. */
async function filesOf(packages: readonly string[], options: readonly string[]): Promise<string[]> {
  const args = [...options, '--quiet=2', '--print-uris', 'download', ...packages];
  const { stdout } = await run('apt-get', args, { timeout: timeoutMs });
  return z
    .array(z.string().regex(/^[\w.+%~-]+$/))
    .length(packages.length)
    .parse(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1] ?? ''),
    );
}

/** Where a package keeps shared libraries: `usr/lib/<machine>`, and the same without `usr`. */
async function libraryFolders(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const lib of [join(folder, 'usr', 'lib'), join(folder, 'lib')]) {
    if (!(await exists(lib))) continue;
    for (const name of await readdir(lib)) if (name.includes('-linux-')) found.push(join(lib, name));
  }
  return found;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.replace(/^E: /, '').replace(/\.$/, '') ?? '';
}
