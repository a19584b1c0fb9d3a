import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
    async config(image) {
      const output = await run('docker', ['image', 'inspect', '--format', '{{json .Config}}', image]);
      return imageConfigSchema.parse(JSON.parse(output));
    },
    async unpackedBytes(image) {
      const container = (await run('docker', ['create', image])).trim();
      try {
        return await countBytes(['export', container]);
      } finally {
        await run('docker', ['rm', container]);
      }
    },
  };
}

/** The length of what docker writes. An archive is a little longer than the files in it. */
async function countBytes(args: string[]): Promise<number> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`docker ${args[0]} failed.`);
  return bytes;
}

async function succeeds(args: string[]): Promise<boolean> {
  return await run('docker', args).then(
    () => true,
    () => false,
  );
}
