import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goTool } from '../../scripts/release/tools.ts';
import { startProcess } from '../harness/control-plane/processes.ts';
import { kubeEnv } from '../harness/kubectl.ts';

/** Flux's kustomize-controller as its own process. */
export interface KustomizeController {
  /** What it has written so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts the real one, of the version in `go/go.mod`, as an administrator. It is built with Go once. */
export async function startKustomizeController(kubeconfig: string): Promise<KustomizeController> {
  const chunks: Buffer[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'kustomize-controller-'));
  const process = await startProcess({
    name: 'kustomize-controller',
    command: await goTool('kustomize-controller'),
    // What a dependency waits for is checked again this often; the default is half a minute.
    args: ['--requeue-dependency=1s', '--metrics-addr=0', '--health-addr=0', '--http-retry=1'],
    env: { ...kubeEnv(kubeconfig), TMPDIR: folder, RUNTIME_NAMESPACE: 'flux-system' },
    output: (chunk) => chunks.push(chunk),
    removeIfOrphaned: folder,
  });
  return {
    output: () => Buffer.concat(chunks).toString('utf8'),
    async stop() {
      await process.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
