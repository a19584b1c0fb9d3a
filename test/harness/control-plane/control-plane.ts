import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findAssets } from './assets.ts';
import type { Binaries } from './binaries.ts';
import { download, findInstalled } from './envtest.ts';
import type { ControlPlane } from './folder.ts';
import { buildWithGo, findBuilt } from './go-build.ts';
import { dockerAnswers, startK3s } from './k3s.ts';
import { startLocal } from './local.ts';
import { type KubernetesRelease, kubernetesRelease } from './version.ts';

export interface ControlPlaneOptions {
  /** Where its files go; it may hold other things too. Default: a temporary folder, removed at the end. */
  dir?: string;
  /** Leave logs, certificates and data in `dir` after the end. The next start makes a new cluster all the same. */
  keep?: boolean;
  /** Gets a line now and then, for a user who waits. */
  log: (line: string) => void;
  signal?: AbortSignal;
  /** The minor version of Kubernetes, such as `1.31`. Default: the one that the project is developed with. */
  kubernetes?: string | undefined;
  /**
   * By how many percent the heap of its programs may grow until their garbage is collected; Go's own default is 100.
   * With 400, kube-apiserver takes a fifth less time, and up to 1 GiB. Means nothing to K3s.
   */
  gcPercent?: number;
  /**
   * Take what is ready soonest on a new machine. It may lack the kube-controller-manager, or be another version than
   * the tests expect.
   */
  soonest?: boolean;
}

/**
 * Starts a control plane from the first of the sources that this machine has: the programs in the folder
 * `KUBEBUILDER_ASSETS`, programs built with Go (cached), K3s in Docker. With `soonest`: the folder, what was built
 * before, what `setup-envtest` installed, the released archive, K3s in Docker, a build with Go. Any number can run at a
 * time. Nothing survives our process, however it ends. Throws when there is no source, or what there is doesn't become
 * ready.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return await startFrom(await findSource(options), options);
}

/** Starts several at the same time, or none: throws as `startControlPlane` does, when the others are stopped. */
export async function startControlPlanes(
  count: number,
  options: Pick<ControlPlaneOptions, 'log' | 'gcPercent' | 'kubernetes'>,
): Promise<ControlPlane[]> {
  const source = await findSource(options);
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => startFrom(source, options)));
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map((each) => each.stop()));
  throw failed.reason;
}

/** K3s in Docker, of a release. */
interface K3s {
  source: 'k3s';
  kubernetes: KubernetesRelease;
}

/** Builds or downloads the programs where that has to be done first. */
async function findSource({
  log,
  signal = never(),
  soonest = false,
  ...options
}: ControlPlaneOptions): Promise<Binaries | K3s> {
  const kubernetes = kubernetesRelease(options.kubernetes);
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets && options.kubernetes)
    throw new Error(
      `KUBEBUILDER_ASSETS is set, so that Kubernetes ${options.kubernetes} cannot be chosen. Unset one of them.`,
    );
  if (assets) return await findAssets(assets);
  if (soonest) {
    const found =
      (await findBuilt(kubernetes)) ?? (await findInstalled()) ?? (await download({ log, signal }));
    if (found) return found;
    if (await dockerAnswers()) return { source: 'k3s', kubernetes };
  }
  const binaries = await buildWithGo({ kubernetes, log, signal });
  if (binaries.source !== 'unavailable') return binaries;
  if (await dockerAnswers()) return { source: 'k3s', kubernetes };
  throw new Error(
    `There is no Kubernetes API server to start (${binaries.reason}; Docker does not answer). Do one of these:
  - start Docker
  - install Go 1.26 or newer (https://go.dev/dl)
  - export KUBEBUILDER_ASSETS="$(setup-envtest use --print path)", a folder with etcd and kube-apiserver`,
  );
}

async function startFrom(
  source: Binaries | K3s,
  { dir: wanted, keep = false, signal = never(), ...rest }: ControlPlaneOptions,
): Promise<ControlPlane> {
  const temporary = wanted === undefined;
  const dir = resolve(wanted ?? (await mkdtemp(join(tmpdir(), 'control-plane-'))));
  await mkdir(dir, { recursive: true });
  const common = { ...rest, dir, keep, temporary, signal };
  return source.source === 'k3s'
    ? await startK3s({ ...common, kubernetes: source.kubernetes })
    : await startLocal(source, common);
}

const never = (): AbortSignal => new AbortController().signal;
