import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/image/command.ts';
import { startK3s } from '../harness/control-plane/k3s.ts';
import { kubernetesRelease } from '../harness/control-plane/version.ts';
import { chartFolder, helm } from '../harness/helm.ts';
import { kubectl } from '../harness/kubectl.ts';

/**
 * Installs the chart in a separate K3s that has the image, and returns what `kubectl get pods` says when helm has
 * waited for all to be ready. Docker has to be there. Nothing of the world around is: no connection is made.
 *
 * @throws Error with what helm wrote when the Pods don't become ready
 */
export async function podsInK3s(image: string, signal: AbortSignal): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'k3s-'));
  const archive = join(dir, 'image.tar');
  await run('docker', ['save', '--output', archive, image]);
  const log = (line: string): void => console.log(line);
  const k3s = await startK3s({
    dir,
    keep: false,
    temporary: true,
    archives: [archive],
    kubernetes: kubernetesRelease(undefined),
    log,
    signal,
  });
  try {
    const kubeconfig = k3s.kubeconfigPath;
    const place = ['--namespace=codemie-system', '--create-namespace'];
    const pull = '--set=image.pullPolicy=Never';
    const args = ['install', 'codemie-git-operator', chartFolder, ...place, pull, '--wait', '--timeout=120s'];
    const installed = await helm(args, { kubeconfig, timeoutMs: 180_000 });
    if (installed.code !== 0) throw new Error(`helm failed: ${installed.stderr}`);
    return (await kubectl(['get', 'pods', '-n', 'codemie-system'], { kubeconfig })).stdout;
  } finally {
    await k3s.stop();
  }
}
