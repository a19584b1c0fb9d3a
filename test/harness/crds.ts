import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from './kubectl.ts';

const crdFolder = join(import.meta.dirname, '..', '..', 'crds');

/** Installs the CRDs of `crds/`, as an administrator does, and waits until they are served. */
export async function installCrds(kubeconfig: string): Promise<void> {
  const names = await readdir(crdFolder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.yaml')).toSorted();
  if (files.length === 0) return;
  const flags = files.flatMap((file) => ['--filename', join(crdFolder, file)]);
  await succeed(['apply', '--server-side', '--force-conflicts', ...flags], kubeconfig);
  await succeed(['wait', '--for=condition=Established', '--timeout=30s', ...flags], kubeconfig);
}

async function succeed(args: string[], kubeconfig: string): Promise<void> {
  const { code, stderr } = await kubectl(args, { kubeconfig });
  if (code !== 0) throw new Error(`kubectl could not install the CRDs: ${stderr}`);
}
