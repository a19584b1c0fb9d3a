import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a control plane keeps its files, and for how long. */
export interface Folder {
  dir: string;
  /** Leave everything in `dir` when it stops, to inspect logs and data. */
  keep: boolean;
  /** `dir` was made for this control plane and goes with it. */
  temporary: boolean;
}

/** A real Kubernetes API, with an administrator's kubeconfig, that belongs to the process that started it. */
export interface ControlPlane {
  source: 'assets' | 'go-build' | 'k3s';
  /** Holds `kubeconfig` and, for a control plane of binaries, `logs/*.log`. */
  dir: string;
  kubeconfigPath: string;
  /** Of the API server. It stays the same over kill and start. */
  url: string;
  /** Ends the API server at once (SIGKILL), as when its node dies. Throws with source `k3s`, as do the next three. */
  killApiServer(): Promise<void>;
  /** Starts it again at the same address and waits until it is ready. */
  startApiServer(signal?: AbortSignal): Promise<void>;
  /** Ends the store at once (SIGKILL). What was written is still there after a start. */
  killEtcd(): Promise<void>;
  startEtcd(signal?: AbortSignal): Promise<void>;
  /** Ends every process and removes what was written, unless it was to be kept. */
  stop(): Promise<void>;
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
