import { z } from 'zod';

/** What to build an image of. */
export interface BuildRequest {
  /** The folder with the Dockerfile. */
  context: string;
  /** The name that the image gets. */
  image: string;
  /** Values for the Dockerfile's ARGs. */
  buildArgs: Record<string, string>;
  /** Files that a step may read and that are in no layer, by id. */
  secrets: Record<string, string>;
  /** Gets what the builder says, line by line. */
  log: (line: string) => void;
}

/** An image whose files lie in a folder for as long as it is wanted. */
export interface MountedImage {
  folder: string;
  release: () => Promise<void>;
}

/** What an image says about itself. */
export const imageConfigSchema = z.object({
  User: z.string().default(''),
  Env: z.array(z.string()).default([]),
  Entrypoint: z.array(z.string()).nullish(),
  WorkingDir: z.string().default(''),
  Labels: z.record(z.string(), z.string()).nullish(),
});

/** The part of the OCI image configuration that matters to who runs it. */
type ImageConfig = z.output<typeof imageConfigSchema>;

/** A program that builds images and keeps them. */
export interface ImageBuilder {
  /** @throws Error with the last lines of the builder when a step fails */
  build(request: BuildRequest): Promise<void>;
  /** Pushes an image under a name in a registry on this machine, which has no TLS. */
  pushLocally(image: string, name: string): Promise<void>;
  config(image: string): Promise<ImageConfig>;
  /** Gives the files of an image as a separate folder. */
  mount(image: string): Promise<MountedImage>;
}
