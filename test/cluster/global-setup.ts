import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startControlPlane } from '../harness/control-plane/control-plane.ts';
import { kubectl } from '../harness/kubectl.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** An administrator's kubeconfig for the control plane that all tests of the run share. */
    kubeconfigPath: string;
  }
}

const crdFolder = join(import.meta.dirname, '..', '..', 'crds');

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

async function installCrds(kubeconfig: string): Promise<void> {
  const names = await readdir(crdFolder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.yaml')).toSorted();
  if (files.length === 0) return;
  const flags = files.flatMap((file) => ['--filename', join(crdFolder, file)]);
  await succeed(['apply', '--server-side', '--force-conflicts', ...flags], kubeconfig);
  await succeed(['wait', '--for=condition=Established', '--timeout=30s', ...flags], kubeconfig);
}

async function succeed(args: string[], kubeconfig: string): Promise<void> {
  const { code, stderr } = await kubectl(args, { kubeconfig });
  if (code !== 0) throw new Error(`kubectl could not install the CRDs: ${stderr}`);
}
