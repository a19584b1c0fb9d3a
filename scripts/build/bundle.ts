import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'rolldown';
import { z } from 'zod';

const thread = 'src/kube/lease-stand-in-thread.ts';

/** A file of the bundle. */
export interface Chunk {
  file: string;
  bytes: number;
  /** Absolute paths of the files that it is made of, without those of which nothing is used. */
  modules: string[];
  /** Files of the bundle that it loads, at once or later. */
  loads: string[];
}

/**
 * Writes both programs with all that they use as ES modules: `main.mjs`, the operator, with the thread that it starts,
 * `codemie-git.mjs`, the command line, and one file for each part that both have or that is only loaded when it is
 * needed. Names and lines stay as they are, so that a stack trace can be read without a source map.
 *
 * @throws what rolldown has to say, warnings included: an import that it can't find is one, and would fail in a Pod
 */
export async function bundle(root: string, folder: string): Promise<Chunk[]> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const { output } = await build({
    cwd: root,
    input: {
      main: 'src/main.ts',
      'codemie-git': 'src/cli/main.ts',
      // Older commits, which the bench compares with, have none.
      ...(existsSync(join(root, thread)) && { 'lease-stand-in-thread': thread }),
    },
    platform: 'node',
    transform: { define: { CODEMIE_GIT_VERSION: JSON.stringify(version) } },
    output: {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
    },
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  return output.flatMap((part) =>
    part.type === 'chunk'
      ? [
          {
            file: part.fileName,
            bytes: Buffer.byteLength(part.code),
            modules: part.moduleIds,
            loads: [...part.imports, ...part.dynamicImports],
          },
        ]
      : [],
  );
}
