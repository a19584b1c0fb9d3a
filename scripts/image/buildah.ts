import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { exists } from '../../test/harness/cache.ts';
import { debianTool, type Tool } from '../../test/harness/debian-tool.ts';
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

/** @throws Error with one sentence for a person when there is none and none can be fetched */
export async function findBuildah(): Promise<Tool> {
  return await debianTool({
    program: 'buildah',
    packages: ['buildah', 'libgpgme11', 'libassuan0', 'libdevmapper1.02.1'],
  });
}

/**
 * Images of buildah. Neither user namespaces nor a file system of its own are asked of the machine: steps run in a
 * chroot, layers are plain folders. `BUILDAH_ISOLATION` and `STORAGE_DRIVER` choose otherwise.
 */
export async function createBuildah(tool: Tool, storage?: string): Promise<Buildah> {
  const env = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs', ...ownChoice(), ...tool.env };
  const where = storage === undefined ? [] : ['--root', storage, '--runroot', join(storage, 'run')];
  const policy = await signaturePolicy();
  const buildah = async (command: string, args: readonly string[], log?: (line: string) => void) =>
    (await run(tool.path, [...where, command, ...args], { env, ...(log && { onLine: log }) })).trim();

  async function mount(image: string): Promise<MountedImage> {
    const container = await buildah('from', [...policy, '--pull-never', image]);
    const release = async (): Promise<void> => void (await buildah('rm', [container]));
    return { folder: await buildah('mount', [container]), release };
  }

  return {
    name: 'buildah',
    mount,
    has: (image) =>
      buildah('inspect', ['--type', 'image', image])
        .catch(() => buildah('pull', [...policy, '--quiet', image]))
        .then(
          () => true,
          () => false,
        ),
    async build({ context, image, buildArgs, secrets, log }: BuildRequest) {
      const args = Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
      const files = Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]);
      // Docker's format is understood everywhere, and it is what an engine makes of the same file.
      const how = ['--format', 'docker', '--file', join(context, 'Dockerfile')];
      await buildah('build', [...policy, ...how, '--tag', image, ...args, ...files, context], log);
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
        await buildah('commit', [...policy, '--quiet', '--format', 'docker', container, image]);
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

/** Which images may be used: all, where the machine has no rule of its own. Buildah does nothing without one. */
async function signaturePolicy(): Promise<string[]> {
  if (await exists('/etc/containers/policy.json')) return [];
  const folder = join(tmpdir(), 'codemie-git-operator-image');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  return ['--signature-policy', file];
}
