import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import { installCrds } from '../harness/crds.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** An administrator's kubeconfig for the control plane that all tests of the run share. */
    kubeconfigPath: string;
  }
}

/**
 * Starts one control plane for the run and installs the CRDs of `crds/`. With `CONTROL_PLANE_DIR`, the folder of
 * a running `npm run control-plane`, that one is used and left alone, which saves its start.
 * Returns what vitest calls at the end.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const existing = process.env['CONTROL_PLANE_DIR'];
  const controlPlane = existing ? undefined : await startControlPlane({ log: (line) => console.log(line) });
  const stop = async (): Promise<void> => await controlPlane?.stop();
  try {
    const kubeconfigPath = controlPlane?.kubeconfigPath ?? join(existing ?? '', 'kubeconfig');
    await access(kubeconfigPath);
    await installCrds(kubeconfigPath);
    project.provide('kubeconfigPath', kubeconfigPath);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
