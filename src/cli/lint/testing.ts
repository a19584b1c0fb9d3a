import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testIo } from '../testing.ts';
import { type LintOptions, lint } from './lint.ts';

/** Options of a test that is about none of them. */
export const lintOptions: LintOptions = {
  format: 'human',
  namespace: 'default',
  operatorNamespace: 'codemie-system',
  ignore: [],
  failOn: 'error',
};

/** Lints texts as files of a folder, and gives back what is printed, with the folder taken out. */
export async function lintFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  changes: Partial<LintOptions> = {},
): Promise<{ exitCode: number; out: string; err: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lint-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    const io = testIo();
    const exitCode = await lint([folder], { ...lintOptions, ...changes }, io, '1.2.3');
    return { exitCode, out: io.stdout().replaceAll(`${folder}/`, ''), err: io.stderr() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Lints standard input. */
export async function lintInput(
  stdin: string | Uint8Array,
): Promise<{ exitCode: number; out: string; err: string }> {
  const io = testIo({ stdin });
  const exitCode = await lint(['-'], lintOptions, io, '1.2.3');
  return { exitCode, out: io.stdout(), err: io.stderr() };
}
