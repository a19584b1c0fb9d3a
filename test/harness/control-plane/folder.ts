import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a control plane keeps its files, and for how long. */
export interface Folder {
  dir: string;
  /** Leave everything in `dir` when it stops, for a look at logs and data. */
  keep: boolean;
  /** `dir` was made for this control plane and goes with it. */
  temporary: boolean;
}

/** The paths of what a control plane writes. `home` is what kubectl and helm cache about it. */
export function pathsIn(dir: string) {
  return {
    data: join(dir, 'etcd'),
    home: join(dir, 'home'),
    kubeconfig: join(dir, 'kubeconfig'),
    logs: join(dir, 'logs'),
    pki: join(dir, 'pki'),
  };
}

/** Removes what a control plane has written to its folder, and the folder if it was temporary. */
export async function clear({ dir, temporary }: Folder): Promise<void> {
  for (const path of temporary ? [dir] : Object.values(pathsIn(dir))) {
    await rm(path, { recursive: true, force: true });
  }
}
