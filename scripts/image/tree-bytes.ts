import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of all files below a folder. Links are not followed; a file with several names counts once. */
export async function treeBytes(folder: string): Promise<number> {
  const seen = new Set<string>();
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size, nlink, dev, ino } = await lstat(join(entry.parentPath, entry.name));
    const identity = `${dev}:${ino}`;
    if (nlink > 1 && seen.has(identity)) continue;
    seen.add(identity);
    bytes += size;
  }
  return bytes;
}
