import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeConnection } from '../../src/kube/kube-config.ts';
import { createAdminClient } from '../../test/harness/admin-client.ts';
import { startControlPlane } from '../../test/harness/control-plane/control-plane.ts';
import { installCrds } from '../../test/harness/crds.ts';
import { bundle } from '../build/bundle.ts';
import { startObserver } from './observer.ts';
import { createSharedObjects } from './population.ts';
import type { Progress } from './progress.ts';
import type { Stage } from './round.ts';
import { createServiceAccount } from './service-account.ts';

const root = join(import.meta.dirname, '..', '..');

/** Runs the work on a separate control plane, with the CRDs and some Secrets of others in it. */
export async function onStage<T>(
  foreignSecrets: number,
  progress: Progress,
  signal: AbortSignal,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  progress.step('Start a control plane');
  const controlPlane = await startControlPlane({ log: (line) => progress.step(line), signal });
  try {
    const kubeconfig = controlPlane.kubeconfigPath;
    await installCrds(kubeconfig);
    const connection = await loadKubeConnection({ kubeconfig });
    const client = createAdminClient({ connection, userAgent: 'codemie-git-operator-bench' });
    const clientSecret = randomUUID();
    progress.step(`Create ${foreignSecrets} Secrets of others`);
    await createSharedObjects(client, clientSecret, foreignSecrets);
    const account = await createServiceAccount(kubeconfig);
    const program = await mkdtemp(join(tmpdir(), 'bench-program-'));
    progress.step('Bundle the operator as for its image');
    await bundle(root, program);
    const observer = await startObserver(client);
    try {
      return await work({
        client,
        kubeconfig,
        observer,
        operatorEnv: account.env,
        entryPoint: join(program, 'main.mjs'),
        clientSecret,
        progress,
      });
    } finally {
      await account.remove();
      await rm(program, { recursive: true });
      await observer.stop();
      await client.close();
    }
  } finally {
    await controlPlane.stop();
  }
}
