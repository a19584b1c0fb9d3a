import { buildImage } from './image/build-image.ts';
import { findImageBuilder } from './image/find-image-builder.ts';

/**
 * `npm run image`: builds the image with Docker or buildah, prints its size, and fails when more than this comes on top
 * of the base.
 */
const mostOwnBytes = 120_000_000;

const print = (line: string): void => console.log(line);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

try {
  const builder = await findImageBuilder();
  print(`Building with ${builder.name}.`);
  const { image, base, totalBytes, ownBytes } = await buildImage(builder, print);
  print(`${image}: ${megabytes(totalBytes)} unpacked, ${megabytes(ownBytes)} of it beyond ${base}.`);
  if (ownBytes > mostOwnBytes)
    throw new Error(`That is more than ${megabytes(mostOwnBytes)} beyond the base.`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
