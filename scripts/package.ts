import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundle, type Chunk } from './build/bundle.ts';
import { licenseTexts, readPackages } from './build/licenses.ts';

/**
 * `npm run package`: writes to `dist/codemie-git/` what the npm package of the command line is made of: its part of the
 * bundle, so that it installs nothing else. `npm pack dist/codemie-git` makes the archive.
 */
const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'codemie-git');
const program = 'codemie-git.mjs';

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

const own = z
  .object({ version: z.string(), license: z.string(), engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
const manifest = {
  name: 'codemie-git',
  version: own.version,
  description: 'Checks, explains and imports the Git integrations of CodeMie',
  license: own.license,
  type: 'module',
  engines: own.engines,
  bin: { 'codemie-git': program, 'kubectl-codemie': program },
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
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  console.log(`dist/codemie-git: ${(bytes / 1024).toFixed(0)} KiB in ${files.length} files`);
} finally {
  await rm(built, { recursive: true });
}
