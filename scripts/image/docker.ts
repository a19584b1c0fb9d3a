import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { type BuildRequest, type ImageBuilder, imageConfigSchema } from './image-builder.ts';

/** Whether there is a docker command with an engine behind it. */
export async function dockerAnswers(): Promise<boolean> {
  return await succeeds(['version']);
}

/** The Docker engine as a builder. */
export interface Docker extends ImageBuilder {
  name: 'docker';
}

/** Images of the Docker engine. */
export function createDocker(): Docker {
  return {
    name: 'docker',
    async build({ context, image, buildArgs, secrets, log }: BuildRequest) {
      const args = Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
      const files = Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]);
      // RUN --mount is a matter of BuildKit, which old engines have to be asked for.
      const env = { DOCKER_BUILDKIT: '1' };
      await run('docker', ['build', '--tag', image, ...args, ...files, context], { env, onLine: log });
    },
    // An engine takes any registry at 127.0.0.1 for one without TLS.
    async pushLocally(image, name) {
      await run('docker', ['tag', image, name]);
      await run('docker', ['push', name]);
    },
    async config(image) {
      const output = await run('docker', ['image', 'inspect', '--format', '{{json .Config}}', image]);
      return imageConfigSchema.parse(JSON.parse(output));
    },
    async mount(image) {
      const folder = await mkdtemp(join(tmpdir(), 'image-'));
      const release = (): Promise<void> => rm(folder, { recursive: true, force: true });
      const container = (await run('docker', ['create', image])).trim();
      try {
        const unpack = 'docker export "$1" | tar -x -C "$2" --no-same-owner';
        await run('/bin/sh', ['-c', unpack, 'unpack', container, folder]);
      } catch (error) {
        await release();
        throw error;
      } finally {
        await run('docker', ['rm', container]);
      }
      return { folder, release };
    },
  };
}

async function succeeds(args: string[]): Promise<boolean> {
  return await run('docker', args).then(
    () => true,
    () => false,
  );
}
