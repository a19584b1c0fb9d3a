import { inject } from 'vitest';

/**
 * The kubeconfig of the control plane that this test file has for itself. Files that run at the same time have
 * another one, so that a file may treat its cluster as its own.
 */
export function kubeconfigPath(): string {
  const paths = inject('kubeconfigPaths');
  // vitest numbers its workers from 1, and gives a number to one at a time.
  const path = paths[Number(process.env['VITEST_POOL_ID']) - 1];
  if (path === undefined) throw new Error('There are more workers than control planes.');
  return path;
}
