import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startControlPlanes } from './harness/control-plane/control-plane.ts';
import { installCrds } from './harness/crds.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** An administrator's kubeconfig for each control plane of the run. */
    kubeconfigPaths: string[];
  }
}

/**
 * Starts a control plane for each file that may run at the same time, and installs the CRDs of `crds/`. With
 * `CONTROL_PLANE_DIR`, the folder of a running `npm run control-plane`, that one is used and not touched, which saves
 * the start. `KUBERNETES_MINOR`, such as `1.31`, chooses the version. Returns what vitest calls at the end.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const existing = process.env['CONTROL_PLANE_DIR'];
  const started = existing
    ? []
    : await startControlPlanes(project.config.maxWorkers, {
        log: (line) => console.log(line),
        gcPercent: 400,
        kubernetes: process.env['KUBERNETES_MINOR'],
      });
  const stop = async (): Promise<void> => void (await Promise.all(started.map((each) => each.stop())));
  try {
    const paths = existing ? [join(existing, 'kubeconfig')] : started.map((each) => each.kubeconfigPath);
    await Promise.all(paths.map((path) => access(path).then(() => installCrds(path))));
    project.provide('kubeconfigPaths', paths);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
