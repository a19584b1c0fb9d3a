import { type Buildah, createBuildah, provideBuildah } from './buildah.ts';
import { createDocker, type Docker, dockerAnswers } from './docker.ts';

/**
 * Docker where an engine answers, else buildah, which root gets installed on Debian. `storage` is a
 * folder for buildah's images; by default they are where buildah always has them.
 *
 * @throws Error with one sentence for users when there is neither
 */
export async function findImageBuilder(storage?: string): Promise<Buildah | Docker> {
  if (await dockerAnswers()) return createDocker();
  await provideBuildah();
  return createBuildah(storage);
}
