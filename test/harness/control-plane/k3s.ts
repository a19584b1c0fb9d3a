import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ControlPlane, clear, type Folder, pathsIn } from './folder.ts';
import type { KubernetesRelease } from './version.ts';

export interface K3sOptions extends Folder {
  /** Archives of images, as `docker save` writes them, for the Pods of this cluster. */
  archives?: readonly string[];
  kubernetes: KubernetesRelease;
  log: (line: string) => void;
  signal: AbortSignal;
}

/** Whether containers can be started here. */
export async function dockerAnswers(): Promise<boolean> {
  // Loaded here only: it is heavy, and few machines get this far.
  const { getContainerRuntimeClient } = await import('testcontainers');
  return await getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

/**
 * K3s in a container. API server and store are one process there, so they can't be killed one by one. Throws
 * when the container doesn't become ready within two minutes after its image is there.
 */
export async function startK3s(options: K3sOptions): Promise<ControlPlane> {
  const { dir, keep, archives = [], log, signal } = options;
  const { k3sImage } = options.kubernetes;
  signal.throwIfAborted();
  log(`Starting ${k3sImage} with Docker.`);
  const { K3sContainer } = await import('@testcontainers/k3s');
  const container = await new K3sContainer(k3sImage)
    .withCommand(['server', '--disable=traefik,servicelb,metrics-server,local-storage'])
    .start();
  const stop = async (): Promise<void> => {
    await container.stop();
    if (!keep) await clear(options);
  };
  if (signal.aborted) {
    await stop();
    signal.throwIfAborted();
  }
  for (const archive of archives) {
    const target = `/tmp/${basename(archive)}`;
    await container.copyFilesToContainer([{ source: archive, target }]);
    const { exitCode, output } = await container.exec(['ctr', 'images', 'import', target]);
    if (exitCode === 0) continue;
    await stop();
    throw new Error(`K3s can't read the image in ${archive}: ${output}`);
  }
  const kubeconfig = container.getKubeConfig();
  const kubeconfigPath = pathsIn(dir).kubeconfig;
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
