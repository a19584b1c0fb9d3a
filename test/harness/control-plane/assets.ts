import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Binaries } from './binaries.ts';

/**
 * The binaries of a folder as `setup-envtest` lays it out (`KUBEBUILDER_ASSETS`): etcd and kube-apiserver,
 * and kube-controller-manager if it is there. Throws when one of the two is missing: who names a
 * folder wants that one.
 */
export async function findAssets(folder: string): Promise<Binaries> {
  const etcd = resolve(folder, 'etcd');
  const apiServer = resolve(folder, 'kube-apiserver');
  for (const file of [etcd, apiServer]) {
    if (!(await isExecutable(file))) {
      throw new Error(`KUBEBUILDER_ASSETS names a folder without the program ${file}.`);
    }
  }
  const controllerManager = join(folder, 'kube-controller-manager');
  return {
    source: 'assets',
    etcd,
    apiServer,
    ...((await isExecutable(controllerManager)) ? { controllerManager: resolve(controllerManager) } : {}),
  };
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
