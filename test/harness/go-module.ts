import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';

/**
 * Names what a build of a Go module depends on: other requirements, other sources of those named, other flags or
 * another machine make another name.
 */
export async function moduleFingerprint(
  folder: string,
  sources: readonly string[],
  flags: readonly string[],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([flags, platform(), arch()]));
  for (const file of ['go.mod', 'go.sum', ...sources]) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}
