import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundle, type Chunk } from './bundle.ts';
import { licenseTexts, readPackages } from './licenses.ts';

const program = 'codemie-git.mjs';

const ownManifest = z.object({
  version: z.string(),
  license: z.string(),
  engines: z.object({ node: z.string() }),
});

/**
 * Writes to a folder what the npm package of the command line is made of: its part of the bundle, so that it installs
 * nothing else. `npm pack FOLDER` makes the archive.
 *
 * @returns its files of code, with their sizes
 */
export async function writeNpmPackage(root: string, folder: string): Promise<Chunk[]> {
  const { version, license, engines } = ownManifest.parse(
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')),
  );
  const manifest = {
    name: 'codemie-git',
    version,
    description: 'Checks, explains and imports the Git integrations of CodeMie',
    license,
    type: 'module',
    engines,
    // kubectl finds its plugins and their completions by these names.
    bin: { 'codemie-git': program, 'kubectl-codemie': program, 'kubectl_complete-codemie': program },
  };
  const built = await mkdtemp(join(tmpdir(), 'codemie-git-'));
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const files = filesOf(await bundle(root, built), program);
    for (const { file } of files) await copyFile(join(built, file), join(folder, file));
    await chmod(join(folder, program), 0o755);
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    await copyFile(join(root, 'docs', 'cli.md'), join(folder, 'README.md'));
    const packages = await readPackages(files.flatMap(({ modules }) => modules));
    await writeFile(join(folder, 'THIRD-PARTY-LICENSES'), licenseTexts(packages));
    return files;
  } finally {
    await rm(built, { recursive: true });
  }
}

/** The files of the bundle that a program needs, itself first. */
function filesOf(chunks: readonly Chunk[], first: string): Chunk[] {
  const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
  const needed = new Map<string, Chunk>();
  const open = [first];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const chunk = byFile.get(file);
    if (!chunk || needed.has(file)) continue;
    needed.set(file, chunk);
    open.push(...chunk.loads);
  }
  return [...needed.values()];
}
