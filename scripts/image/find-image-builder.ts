import { type Buildah, createBuildah, findBuildah } from './buildah.ts';
import { createDocker, type Docker, dockerAnswers } from './docker.ts';

/**
 * Docker where an engine answers, else buildah, which on Debian is fetched when it is not installed. `storage` is a
 * folder for buildah's images; by default they are where buildah always has them.
 *
 * @throws Error with one sentence for a person when there is neither
 */
export async function findImageBuilder(storage?: string): Promise<Buildah | Docker> {
  return (await dockerAnswers()) ? createDocker() : await createBuildah(await findBuildah(), storage);
}
