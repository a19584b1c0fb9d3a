import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiServerArguments, controllerManagerArguments, etcdArguments } from './arguments.ts';
import type { Binaries } from './binaries.ts';
import { type ControlPlane, clear, type Folder, pathsIn } from './folder.ts';
import { writePki } from './pki.ts';
import { freePort } from './ports.ts';
import { answersOk, createService, type ServiceOptions } from './service.ts';

export interface LocalOptions extends Folder {
  log: (line: string) => void;
  signal: AbortSignal;
  /** As in ControlPlaneOptions. */
  gcPercent?: number;
}

/**
 * Starts etcd, then kube-apiserver, then kube-controller-manager, each when the one before it is ready, on free
 * ports of 127.0.0.1. Throws, with nothing left running, when one of them doesn't become ready.
 */
export async function startLocal(binaries: Binaries, options: LocalOptions): Promise<ControlPlane> {
  const { dir, keep, temporary, log, signal, gcPercent } = options;
  const paths = pathsIn(dir);
  await clear({ ...options, temporary: false });
  await mkdir(paths.logs, { recursive: true });
  const etcdUrl = `http://127.0.0.1:${await freePort()}`;
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const pki = await writePki(paths.pki, url);

  const service = (own: Pick<ServiceOptions, 'name' | 'command' | 'args' | 'ready'>) =>
    createService({
      ...own,
      logFile: join(paths.logs, `${own.name}.log`),
      ...(temporary ? { removeIfOrphaned: dir } : {}),
      ...(gcPercent === undefined ? {} : { gcPercent }),
    });
  const hasControllerManager = binaries.controllerManager !== undefined;
  const etcd = service({
    name: 'etcd',
    command: binaries.etcd,
    args: etcdArguments(paths.data, etcdUrl),
    ready: () => answersOk(`${etcdUrl}/health`),
  });
  const apiServer = service({
    name: 'kube-apiserver',
    command: binaries.apiServer,
    args: apiServerArguments(pki, { etcdUrl, port, hasControllerManager }),
    ready: () => answersOk(`${url}/readyz`, pki.admin),
  });
  const controllerManager =
    binaries.controllerManager === undefined
      ? undefined
      : service({
          name: 'kube-controller-manager',
          command: binaries.controllerManager,
          args: controllerManagerArguments(pki),
          // One of the first objects it makes, and one that every Pod needs.
          ready: () => answersOk(`${url}/api/v1/namespaces/default/serviceaccounts/default`, pki.admin),
        });

  const stop = async (): Promise<void> => {
    await controllerManager?.kill();
    if (!keep) {
      // What would be finished in good order is removed.
      await Promise.all([apiServer.kill(), etcd.kill()]);
      return await clear(options);
    }
    // In this order: an API server that has lost its store hangs while it shuts down.
    await apiServer.stop();
    await etcd.stop();
  };
  try {
    await etcd.start(signal);
    await apiServer.start(signal);
    await controllerManager?.start(signal);
  } catch (error) {
    await stop();
    throw error;
  }
  if (!hasControllerManager) {
    log('Without kube-controller-manager no namespace is ever deleted and no Deployment gets Pods.');
  }
  await writeFile(paths.kubeconfig, pki.adminKubeconfig, { mode: 0o600 });
  return {
    source: binaries.source,
    dir,
    kubeconfigPath: paths.kubeconfig,
    url,
    killApiServer: apiServer.kill,
    startApiServer: apiServer.start,
    killEtcd: etcd.kill,
    startEtcd: etcd.start,
    stop,
  };
}
