import { join } from 'node:path';
import { z } from 'zod';
import { run } from './command.ts';
import {
  type BuildRequest,
  type ImageBuilder,
  imageConfigSchema,
  type MountedImage,
} from './image-builder.ts';

/** Files and settings for an image that is made without a Dockerfile. */
interface RootOptions {
  image: string;
  /** Absolute paths in the image, and what is copied to each: a file, or the content of a folder. */
  files: readonly (readonly [target: string, source: string])[];
  /** Options of `buildah config`. */
  config: readonly string[];
}

/** Buildah does more than a builder has to. */
export interface Buildah extends ImageBuilder {
  name: 'buildah';
  /** Whether an image is there, or can be pulled. */
  has(image: string): Promise<boolean>;
  /** Makes an image of files. */
  createFrom(options: RootOptions): Promise<void>;
}

/**
 * Sees to it that there is a buildah: root on a Debian system gets the package installed. Unpacking it elsewhere is not
 * enough, since the step that runs in a chroot is started without the paths of its libraries.
 *
 * @throws Error with one sentence for users when there is none
 */
export async function provideBuildah(): Promise<void> {
  const install = (): Promise<string> =>
    run('apt-get', ['install', '--yes', '--no-install-recommends', 'buildah']);
  const works = await run('buildah', ['--version']).catch(() => '');
  if (works !== '') return;
  if (process.getuid?.() !== 0)
    throw new Error(
      'There is no Docker engine that answers, and no buildah: start the one or install the other.',
    );
  await install()
    .catch(async () => {
      await run('apt-get', ['update']);
      return await install();
    })
    .catch((cause: unknown) => {
      throw new Error(
        'There is no Docker engine that answers, and apt-get could not install buildah: start the one or install the other.',
        { cause },
      );
    });
}

/**
 * Images of buildah. The machine needs neither user namespaces nor a separate file system: steps run in a
 * chroot, layers are plain folders. `BUILDAH_ISOLATION` and `STORAGE_DRIVER` choose otherwise.
 */
export function createBuildah(storage?: string): Buildah {
  const env = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs', ...ownChoice() };
  const where = storage === undefined ? [] : ['--root', storage, '--runroot', join(storage, 'run')];
  const buildah = async (command: string, args: readonly string[], log?: (line: string) => void) =>
    (await run('buildah', [...where, command, ...args], { env, ...(log && { onLine: log }) })).trim();

  async function mount(image: string): Promise<MountedImage> {
    const container = await buildah('from', ['--pull-never', image]);
    const release = async (): Promise<void> => void (await buildah('rm', [container]));
    return { folder: await buildah('mount', [container]), release };
  }

  return {
    name: 'buildah',
    mount,
    has: (image) =>
      buildah('inspect', ['--type', 'image', image])
        .catch(() => buildah('pull', ['--quiet', image]))
        .then(
          () => true,
          () => false,
        ),
    async build({ context, image, buildArgs, secrets, log }: BuildRequest) {
      const args = Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
      const files = Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]);
      // Docker's format is understood everywhere, and it is what an engine makes of the same file.
      const how = ['--format', 'docker', '--file', join(context, 'Dockerfile')];
      await buildah('build', [...how, '--tag', image, ...args, ...files, context], log);
    },
    async pushLocally(image, name) {
      await buildah('push', ['--quiet', '--tls-verify=false', image, `docker://${name}`]);
    },
    async config(image) {
      const inspected = z.object({ Docker: z.object({ config: imageConfigSchema }) });
      return inspected.parse(JSON.parse(await buildah('inspect', ['--type', 'image', image]))).Docker.config;
    },
    async createFrom({ image, files, config }) {
      const container = await buildah('from', ['scratch']);
      try {
        for (const [target, source] of files) await buildah('copy', ['--quiet', container, source, target]);
        await buildah('config', [...config, container]);
        await buildah('commit', ['--quiet', '--format', 'docker', container, image]);
      } finally {
        await buildah('rm', [container]);
      }
    },
  };
}

function ownChoice(): Record<string, string> {
  const names = ['BUILDAH_ISOLATION', 'STORAGE_DRIVER'];
  const chosen = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(chosen.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
