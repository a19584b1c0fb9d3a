import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Enter } from '../harness/node-agent/sandbox.ts';

/**
 * Runs commands among the files of an image, by chroot(1) in a separate mount namespace. As from a container engine
 * it gets `/proc`, `/dev`, the names of hosts, and the mounts of its Pod; the network is the machine's. The process
 * has the id of the started one, so that signals reach it. Asks for root.
 *
 * @param user of the image, `UID` or `UID:GID`
 */
export function byChroot(root: string, user: string): Enter {
  return async (argv, sandbox, folder) => {
    const script = ['set -e', `mount --bind ${quote(root)} ${quote(root)}`];
    const bind = (source: string, target: string, how = '--bind'): void => {
      script.push(`mount ${how} ${quote(source)} ${quote(join(root, target))}`);
    };
    for (const place of ['/proc', '/dev']) {
      script.push(`mkdir -p ${quote(join(root, place))}`);
      bind(place, place, '--rbind');
    }
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'hosts'), '127.0.0.1 localhost\n');
    script.push(`touch ${quote(join(root, '/etc/hosts'))}`);
    bind(join(folder, 'hosts'), '/etc/hosts');
    for (const { source, target, readOnly } of sandbox.mounts) {
      script.push(`mkdir -p ${quote(join(root, target))}`);
      bind(source, target);
      if (readOnly) script.push(`mount -o remount,bind,ro ${quote(join(root, target))}`);
    }
    if (sandbox.readOnlyRoot) script.push(`mount -o remount,bind,ro ${quote(root)}`);
    script.push(`exec chroot --userspec=${quote(sandbox.user ?? user)} ${quote(root)} "$@"`);
    const namespace = ['unshare', '--mount', '--propagation', 'private'];
    return [...namespace, 'sh', '-c', script.join('\n'), 'container', ...argv];
  };
}

/** Runs commands in containers of an image by Docker, with the network of the machine. */
export function byDocker(image: string): Enter {
  return async ([command = '', ...args], { mounts, readOnlyRoot, user, variables }) => [
    'docker',
    'run',
    '--rm',
    '--interactive',
    '--network=host',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    ...(readOnlyRoot ? ['--read-only'] : []),
    ...(user === undefined ? [] : [`--user=${user}`]),
    // By name only: the values are those of the process that is started, and stand on no command line.
    ...variables.map((name) => `--env=${name}`),
    ...mounts.map(
      ({ source, target, readOnly }) =>
        `--mount=type=bind,source=${source},target=${target}${readOnly ? ',readonly' : ''}`,
    ),
    `--entrypoint=${command}`,
    image,
    ...args,
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
