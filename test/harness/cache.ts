import { access, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often the holder of a lock says that it lives, and how long a lock lives without it. */
const beatMs = 5_000;
const staleMs = 30_000;

/** Where the harness keeps what is expensive to make: `$XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(...names: string[]): string {
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'codemie-git-operator', ...names);
}

/**
 * Makes `folder` once: `make` fills an empty folder, which is then renamed, so that a `folder` that exists is
 * complete. When several processes want it at a time, one makes it and the others wait; `onWait` is called
 * each second they do. Resolves to `folder`; rejects with what `make` threw.
 */
export async function makeOnce(
  folder: string,
  make: (emptyFolder: string) => Promise<void>,
  onWait: () => void = () => {},
): Promise<string> {
  await mkdir(dirname(folder), { recursive: true });
  while (!(await exists(folder))) {
    const lock = await takeLock(`${folder}.lock`);
    if (lock === undefined) {
      onWait();
      await sleep(1_000);
      continue;
    }
    try {
      // Another process may have finished between our check and our lock.
      if (await exists(folder)) break;
      const draft = join(lock.folder, 'draft');
      await mkdir(draft);
      await make(draft);
      await rename(draft, folder);
    } finally {
      await lock.release();
    }
  }
  return folder;
}

interface Lock {
  folder: string;
  release(): Promise<void>;
}

/**
 * A lock is a folder whose time of change is renewed while its holder lives; the half-made result lies in it
 * and goes with it. Resolves to undefined while another process holds the lock.
 */
async function takeLock(folder: string): Promise<Lock | undefined> {
  const changedAtMs = await stat(folder).then(
    (lock) => lock.mtimeMs,
    () => undefined,
  );
  if (changedAtMs !== undefined && Date.now() - changedAtMs > staleMs) {
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await mkdir(folder);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return undefined;
    throw cause;
  }
  const beat = setInterval(() => {
    const now = new Date();
    // The lock is gone only if another process took it for stale; the rename shows it.
    utimes(folder, now, now).catch(() => {});
  }, beatMs);
  beat.unref();
  return {
    folder,
    async release() {
      clearInterval(beat);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether something lies at `path`. */
export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
