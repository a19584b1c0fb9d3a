/** A Kubernetes that the tests can run against. */
export interface KubernetesRelease {
  version: string;
  /** The folder with the Go module that builds it. A test compares the two. */
  module: string;
  /** The K3s image of that version. Image tags write `-` where K3s versions have `+`. */
  k3sImage: string;
}

/** The version that the project is developed with, whatever the source of the control plane. */
const kubernetesVersion = 'v1.36.3';

/** By minor version: the oldest that is supported, the project's own, the newest. docs/support.md says what was run. */
export const kubernetesReleases: Readonly<Record<string, KubernetesRelease>> = {
  '1.31': release('v1.31.14', 'go-1.31'),
  '1.36': release(kubernetesVersion, 'go'),
  '1.37': release('v1.37.2', 'go-1.37'),
};

function release(version: string, module: string): KubernetesRelease {
  return { version, module, k3sImage: `rancher/k3s:${version}-k3s1` };
}

/**
 * The release of a minor version such as `1.31`; without one, the project's own.
 *
 * @throws Error that names the known ones
 */
export function kubernetesRelease(minor: string | undefined): KubernetesRelease {
  const found = kubernetesReleases[minor || '1.36'];
  if (found) return found;
  throw new Error(
    `There is no Kubernetes ${minor} for the tests, only ${Object.keys(kubernetesReleases).join(', ')}.`,
  );
}
