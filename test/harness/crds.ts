import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from './kubectl.ts';

const crdFolder = join(import.meta.dirname, '..', '..', 'crds');

/**
 * Installs CRDs, as an administrator does, and waits until they are served.
 *
 * @param files those of `crds/` by default
 */
export async function installCrds(kubeconfig: string, files?: readonly string[]): Promise<void> {
  const flags = (files ?? (await ownFiles())).flatMap((file) => ['--filename', file]);
  if (flags.length === 0) return;
  await succeed(['apply', '--server-side', '--force-conflicts', ...flags], kubeconfig);
  await succeed(['wait', '--for=condition=Established', '--timeout=30s', ...flags], kubeconfig);
}

async function ownFiles(): Promise<string[]> {
  const names = await readdir(crdFolder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(crdFolder, name));
}

async function succeed(args: string[], kubeconfig: string): Promise<void> {
  const { code, stderr } = await kubectl(args, { kubeconfig });
  if (code !== 0) throw new Error(`kubectl could not install the CRDs: ${stderr}`);
}
