import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { type CommandResult, runTool } from './kube-tools.ts';
import { type CommandOptions, kubeEnv } from './kubectl.ts';

/** The chart of this repository. */
export const chartFolder = join(import.meta.dirname, '..', '..', 'charts', 'codemie-git-operator');

/**
 * Runs helm, version 4.1 by default. A command that fails resolves too: check `code`. Without a kubeconfig it sees no
 * cluster, which is enough for `lint`, `template` and `package`.
 */
export async function helm(
  args: string[],
  { kubeconfig, ...rest }: Partial<CommandOptions> = {},
): Promise<CommandResult> {
  const env =
    kubeconfig === undefined ? { HOME: cacheFolder('helm'), KUBECONFIG: '/dev/null' } : kubeEnv(kubeconfig);
  return await runTool('helm', { args, env, ...rest });
}
