import { dirname, join } from 'node:path';
import { type CommandResult, runTool, type ToolRun } from './kube-tools.ts';

export type { CommandResult };

export interface CommandOptions extends Pick<ToolRun, 'input' | 'timeoutMs' | 'tools'> {
  /** The path of a kubeconfig. What the command caches goes to the folder `home` next to it. */
  kubeconfig: string;
}

/** Runs kubectl 1.35. A command that fails resolves too: check `code`. */
export async function kubectl(
  args: string[],
  { kubeconfig, ...rest }: CommandOptions,
): Promise<CommandResult> {
  return await runTool('kubectl', { args, env: kubeEnv(kubeconfig), ...rest });
}

/** The environment in which kubectl and helm speak with the cluster of a kubeconfig, and know of nothing else. */
export function kubeEnv(kubeconfig: string): Record<string, string> {
  return { HOME: join(dirname(kubeconfig), 'home'), KUBECONFIG: kubeconfig };
}
