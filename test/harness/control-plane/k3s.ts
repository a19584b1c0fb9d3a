import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Unavailable } from './binaries.ts';
import type { ControlPlane } from './control-plane.ts';
import { k3sImage } from './version.ts';

export interface K3sOptions {
  dir: string;
  log: (line: string) => void;
  signal: AbortSignal;
}

/**
 * K3s in a container, where Docker or something compatible answers. API server and store are one process
 * there, so they can't be killed one by one. Throws when the container doesn't become ready within two minutes
 * after its image is there.
 */
export async function startK3s({ dir, log, signal }: K3sOptions): Promise<ControlPlane | Unavailable> {
  // Loaded here only: they are heavy, and look for Docker as soon as they can.
  const { getContainerRuntimeClient } = await import('testcontainers');
  const answers = await getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
  if (!answers) return { source: 'unavailable', reason: 'Docker does not answer' };

  signal.throwIfAborted();
  log(`Starting ${k3sImage} with Docker.`);
  const { K3sContainer } = await import('@testcontainers/k3s');
  const container = await new K3sContainer(k3sImage)
    .withCommand(['server', '--disable=traefik,servicelb,metrics-server,local-storage'])
    .start();
  const stop = async (): Promise<void> => {
    await container.stop();
  };
  if (signal.aborted) {
    await stop();
    throw signal.reason;
  }
  const kubeconfig = container.getKubeConfig();
  const kubeconfigPath = join(dir, 'kubeconfig');
  await mkdir(dir, { recursive: true });
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
  return {
    source: 'k3s',
    dir,
    kubeconfigPath,
    url: /server: (\S+)/.exec(kubeconfig)?.[1] ?? '',
    killApiServer: refuse,
    startApiServer: refuse,
    killEtcd: refuse,
    startEtcd: refuse,
    stop,
  };
}

async function refuse(): Promise<never> {
  throw new Error(
    'K3s runs the API server and its store as one process. To kill one of them, use a control plane of binaries: install Go or set KUBEBUILDER_ASSETS.',
  );
}
