import { inject } from 'vitest';
import { findImageBuilder } from '../../scripts/image/find-image-builder.ts';
import type { ImageBuilder } from '../../scripts/image/image-builder.ts';
import type { Image } from '../harness/node-agent/pod.ts';
import { byChroot, byDocker } from './enter.ts';

/** The image of this run, and the files of it. */
export interface OpenedImage {
  name: string;
  base: string;
  builder: ImageBuilder;
  config: Awaited<ReturnType<ImageBuilder['config']>>;
  /** A folder with the files of the image, which Pods of `image` run in where there is no Docker. */
  folder: string;
  /** For a node agent. */
  image: Image;
  release(): Promise<void>;
}

/** @throws Error where the image can't be run: neither Docker nor root */
export async function openBuiltImage(): Promise<OpenedImage> {
  const { image: name, base, storage } = inject('built');
  const builder = await findImageBuilder(storage);
  const config = await builder.config(name);
  const { folder, release } = await builder.mount(name);
  if (builder.name === 'buildah' && process.getuid?.() !== 0)
    throw new Error('Only root may run an image by chroot: start Docker, or run the tests as root.');
  const pairs = config.Env.map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]);
  return {
    name,
    base,
    builder,
    config,
    folder,
    release,
    image: {
      entrypoint: config.Entrypoint ?? [],
      env: Object.fromEntries(pairs),
      enter: builder.name === 'docker' ? byDocker(name) : byChroot(folder, config.User),
    },
  };
}
