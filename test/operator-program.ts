import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundle } from '../scripts/build/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the operator as the image holds it: one bundle of this checkout. */
    operatorProgram: string;
  }
}

const root = join(import.meta.dirname, '..');

/** Bundles the operator for the run, and again for each run of a watch. Returns what vitest calls at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'operator-program-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true });
  const make = async (): Promise<void> => void (await bundle(root, folder));
  try {
    await make();
  } catch (error) {
    await remove();
    throw error;
  }
  project.onTestsRerun(make);
  project.provide('operatorProgram', join(folder, 'main.mjs'));
  return remove;
}
