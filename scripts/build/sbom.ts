import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

/**
 * The software bill of materials, SPDX 2.3 as JSON: the packages that the lock file has for production. It is read
 * from the lock file alone, so that neither what lies in `node_modules` nor the registry in use has a part in it.
 *
 * npm writes it from a lock file that has nothing else in it: with `--omit=dev` it also leaves out packages for
 * production on which one for development depends, undici and zod among them.
 *
 * @throws Error when there is no npm, or it can't read the lock file
 */
export async function softwareBillOfMaterials(root: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sbom-'));
  try {
    const read = async (file: string): Promise<unknown> =>
      JSON.parse(await readFile(join(root, file), 'utf8'));
    const write = (file: string, content: object): Promise<void> =>
      writeFile(join(folder, file), JSON.stringify(content));
    await write('package.json', withoutDevelopment(await read('package.json')));
    await write('package-lock.json', productionLock(await read('package-lock.json')));
    const what = ['--package-lock-only', '--sbom-format=spdx', '--sbom-type=application'];
    const { stdout } = await promisify(execFile)('npm', ['sbom', ...what], {
      cwd: folder,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lockSchema = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ dev: z.boolean().default(false) })),
});

/** https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages: the root is the package without a path. */
function productionLock(lock: unknown): object {
  const { packages, ...rest } = lockSchema.parse(lock);
  const kept = Object.entries(packages).filter(([, { dev }]) => !dev);
  return {
    ...rest,
    packages: Object.fromEntries(
      kept.map(([path, entry]) => [path, path === '' ? withoutDevelopment(entry) : entry]),
    ),
  };
}

function withoutDevelopment(manifest: unknown): object {
  const { devDependencies: _unused, ...rest } = z.looseObject({}).parse(manifest);
  return rest;
}
