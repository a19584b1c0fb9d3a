import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type BuiltImage, buildImage } from '../../scripts/image/build-image.ts';
import { findImageBuilder } from '../../scripts/image/find-image-builder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The image of this checkout, and the folder with buildah's images. */
    built: BuiltImage & { storage: string };
  }
}

/** Builds the image once for the run. What buildah keeps of it goes at the end; Docker's image stays. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const storage = await mkdtemp(join(tmpdir(), 'image-storage-'));
  const remove = (): Promise<void> => rm(storage, { recursive: true, force: true });
  try {
    const builder = await findImageBuilder(storage);
    const built = await buildImage(builder, (line) => console.log(line));
    project.provide('built', { ...built, storage });
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
