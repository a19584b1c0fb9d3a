import { build } from 'rolldown';

/** A file of the bundle. */
interface Chunk {
  file: string;
  bytes: number;
  /** Absolute paths of the files that it is made of, without those of which nothing is used. */
  modules: string[];
}

/**
 * Writes the program with all that it uses as ES modules: `main.mjs`, and one file for each part that is only loaded
 * when it is needed. Names and lines stay as they are, so that a stack trace can be read without a source map.
 *
 * @throws what rolldown has to say, warnings included: an import that it can't find is one, and would fail in a Pod
 */
export async function bundle(root: string, folder: string): Promise<Chunk[]> {
  const { output } = await build({
    cwd: root,
    input: { main: 'src/main.ts' },
    platform: 'node',
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
      ? [{ file: part.fileName, bytes: Buffer.byteLength(part.code), modules: part.moduleIds }]
      : [],
  );
}
