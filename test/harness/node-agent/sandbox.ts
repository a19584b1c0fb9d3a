import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a container sees in another way than the machine does. */
export interface Sandbox {
  mounts: readonly { source: string; target: string; readOnly: boolean }[];
  readOnlyRoot: boolean;
  /** `UID` or `UID:GID`, as the Pod has it; else the image says. */
  user?: string;
  /** Names of the variables that the container has. */
  variables: readonly string[];
}

/**
 * Gives the command line that runs `argv` as a container. Its environment is that of the process that is started.
 *
 * @param folder an existing folder for what it has to keep
 */
export type Enter = (argv: readonly string[], sandbox: Sandbox, folder: string) => Promise<string[]>;

/** The folders of the machine in which mounts can be put, without a trace of them on the machine. */
const roots = { empty: ['/run', '/var/run', '/tmp'], copied: ['/etc'] };

/**
 * The command line that runs `argv` with its own mounts (mount_namespaces(7)). `/run` is empty, as in an image;
 * `/etc` is a copy as soon as something is mounted in it. Where we are not root, a user namespace gives the right to
 * mount. The process has the id of the started one, so that signals reach it.
 *
 * Not imitated: the image's file system, the network namespace, user and group, limits.
 *
 * @param folder an existing folder for the mount points
 * @throws Error for a mount outside of `/run`, `/var/run`, `/tmp` and `/etc`
 */
export async function inSandbox(
  argv: readonly string[],
  { mounts, readOnlyRoot }: Pick<Sandbox, 'mounts' | 'readOnlyRoot'>,
  folder: string,
): Promise<string[]> {
  const script = ['set -e', 'mount -t tmpfs tmpfs /run'];
  const inside = (target: string, places: readonly string[]): boolean =>
    places.some((place) => target.startsWith(`${place}/`));
  if (mounts.some(({ target }) => inside(target, roots.copied))) {
    const copy = join(folder, 'etc');
    await mkdir(copy, { recursive: true });
    // What only root can read is of no use to the process either.
    script.push(`cp -a /etc/. ${quote(copy)} 2>/dev/null || true`, `mount --bind ${quote(copy)} /etc`);
  }
  for (const { source, target, readOnly } of mounts) {
    if (!inside(target, [...roots.empty, ...roots.copied]))
      throw new Error(`This node agent can not mount at ${target}.`);
    script.push(`mkdir -p ${quote(target)}`, `mount --bind ${quote(source)} ${quote(target)}`);
    if (readOnly) script.push(`mount -o remount,bind,ro ${quote(target)}`);
  }
  if (readOnlyRoot) script.push('mount -o remount,bind,ro /');
  script.push('exec "$@"');
  const own = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  return [
    'unshare',
    ...own,
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script.join('\n'),
    'sandbox',
    ...argv,
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
