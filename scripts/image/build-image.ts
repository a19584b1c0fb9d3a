import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { exists } from '../../test/harness/cache.ts';
import { type BaseImages, createBaseImages } from '../../test/image/base-images.ts';
import { places } from '../release/places.ts';
import type { Buildah } from './buildah.ts';
import { run } from './command.ts';
import type { Docker } from './docker.ts';
import type { ImageBuilder } from './image-builder.ts';
import { treeBytes } from './tree-bytes.ts';

const root = join(import.meta.dirname, '..', '..');

const repository = `${places.registry}/${places.imageRepository}`;

/** An image that was built. */
export interface BuiltImage {
  image: string;
  /** The image that it is based on. */
  base: string;
  /** Bytes of all files, unpacked. */
  totalBytes: number;
  /** Those without the base's. */
  ownBytes: number;
}

/**
 * Builds the image of this checkout, as version of `package.json`, with the base images of the Dockerfile; with
 * stand-ins where buildah can't pull these.
 *
 * @throws Error with the last lines of the builder when a step fails
 */
export async function buildImage(
  builder: Buildah | Docker,
  log: (line: string) => void,
): Promise<BuiltImage> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const bases = await baseImages(builder, log);
  const image = `${repository}:${version}`;
  const npmrc = join(homedir(), '.npmrc');
  await builder.build({
    context: root,
    image,
    buildArgs: { ...bases, VERSION: version, ...(await origin()) },
    secrets: (await exists(npmrc)) ? { npmrc } : {},
    log,
  });
  const totalBytes = await bytesOf(builder, image);
  const ownBytes = totalBytes - (await bytesOf(builder, bases.RUNTIME_IMAGE));
  return { image, base: bases.RUNTIME_IMAGE, totalBytes, ownBytes };
}

async function bytesOf(builder: ImageBuilder, image: string): Promise<number> {
  const { folder, release } = await builder.mount(image);
  try {
    return await treeBytes(folder);
  } finally {
    await release();
  }
}

async function baseImages(builder: Buildah | Docker, log: (line: string) => void): Promise<BaseImages> {
  const wanted = await argumentsOfDockerfile();
  if (builder.name === 'docker') return wanted;
  for (const image of Object.values(wanted)) {
    if (await builder.has(image)) continue;
    log(
      `${image} can't be pulled. Stand-ins are made of packages of Debian and npm; they are not for a release.`,
    );
    return await createBaseImages(builder);
  }
  return wanted;
}

/** The base images that the Dockerfile names. */
export async function argumentsOfDockerfile(): Promise<BaseImages> {
  const lines = (await readFile(join(root, 'Dockerfile'), 'utf8')).matchAll(/^ARG ([A-Z_]+)=(\S+)$/gm);
  const found = Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
  return z.object({ BUILD_IMAGE: z.string(), RUNTIME_IMAGE: z.string() }).parse(found);
}

/** Where the sources are from, as build arguments, if that is known here. */
export async function origin(): Promise<Record<string, string>> {
  const [revision, created] = await git('log', '-1', '--format=%H %cI')
    .then((line) => line.split(' '))
    .catch(() => []);
  const dirty = (await git('status', '--porcelain').catch(() => '')) !== '';
  return {
    ...(revision && { REVISION: dirty ? `${revision}-dirty` : revision }),
    ...(created && { CREATED: created }),
  };
}

async function git(...args: string[]): Promise<string> {
  return (await run('git', ['-C', root, ...args])).trim();
}
