import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Cluster } from '../harness/cluster.ts';
import { codeBlocks, sectionOf } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'runbooks');

/** The alerts whose faults are caused around one operator process: test/cluster/runbooks.test.ts. */
export const alertsOfProcess = [
  'GitCredentialExpired',
  'GitCredentialExpiring',
  'GitIntegrationNotReady',
  'GitIntegrationsStalled',
  'GitIntegrationDrifted',
  'GitIntegrationDriftRecurring',
  'GitIntegrationRegistrationsOrphaned',
  'CodeMieConnectionNotReady',
  'CodeMieUnreachable',
  'GitProviderUnreachable',
  'GitProviderRateLimited',
  'CodeMieGitOperatorReconcileErrors',
] as const;

/** The alerts whose faults need an operator of a special kind: test/faults/runbooks.test.ts. */
export const alertsOfOperators = ['CodeMieGitOperatorQueueGrowing', 'CodeMieGitOperatorWatchStale'] as const;

/**
 * The alerts whose fault no server can cause, with the reason. A reconcile that ignores its deadline is a bug: one that waits
 * for a provider's library, which is the only foreign code that it awaits, does end.
 */
export const alertsWithoutFault = ['CodeMieGitOperatorWorkStuck'] as const;

/** The alerts whose faults need Pods, roles and Leases of an installed chart: test/chart/runbooks.test.ts. */
export const alertsOfInstallation = [
  'GitProviderClockSkewed',
  'CodeMieGitOperatorKubernetesAccessDenied',
  'CodeMieGitOperatorPermissionsMissing',
  'CodeMieGitOperatorNotLeading',
  'CodeMieGitOperatorLeaderFlapping',
  'CodeMieGitOperatorTwoLeaders',
  'CodeMieGitOperatorDown',
  'CodeMieGitOperatorWatchFailing',
  'CodeMieGitOperatorAbsent',
] as const;

/** The fault that an alert is for. */
export interface Fault {
  /** The object that the alert names; `NAME` in the page. */
  name?: string;
  /** Makes it happen. */
  cause: () => Promise<unknown>;
  /**
   * What the engineer sees of it: the commands below Diagnose print it, or /metrics has it, which the queries of the page
   * read. All of them match, and did not before.
   */
  diagnosis: RegExp[];
  /** Does what stands below Fix. Absent: the commands there do. */
  fix?: () => Promise<unknown>;
  /** What the commands below Verify print, or /metrics has, when the fault is fixed. */
  verification: RegExp;
}

/** How commands of a page are run, and what they meet. */
export interface Shell {
  cluster: Cluster;
  /** The namespace that stands for `NAMESPACE` of a page. */
  namespace: string;
  /** The operator's namespace, for `codemie-system`. */
  system: string;
  /** What the operator's Pods have written. No kubelet runs here, so this is what `kubectl logs` shows. */
  logs: () => string;
  /** What the operator serves on /metrics; empty while there is none. */
  metrics: () => Promise<string>;
}

/** All alerts that have a page. */
export async function runbookPages(): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name !== 'README.md').map((name) => name.replace('.md', ''));
}

/** The text of a page. */
export const readRunbook = (alert: string): Promise<string> => readFile(join(folder, `${alert}.md`), 'utf8');

/**
 * Follows a runbook against its fault: diagnoses before and after it is caused, does what stands below Fix, and verifies.
 */
export async function follow(alert: string, fault: Fault, shell: Shell): Promise<void> {
  const sees = async (section: string): Promise<string> =>
    `${await runSection(alert, section, shell, fault.name)}\n${await shell.metrics()}`;
  const before = await sees('Diagnose');
  expect(
    fault.diagnosis.every((pattern) => pattern.test(before)),
    'seen before the fault',
  ).toBe(false);

  const fix = (): Promise<unknown> => fault.fix?.() ?? runSection(alert, 'Fix', shell, fault.name);
  await fault.cause();
  try {
    await untilSeen(shell.cluster, fault.diagnosis, () => sees('Diagnose'));
  } catch (error) {
    // The next runbook is to meet its own fault only.
    await fix().catch(() => {});
    throw error;
  }
  await fix();
  await untilSeen(shell.cluster, [fault.verification], () => sees('Verify'));
}

/** Repeats commands until what is seen matches. @throws Error with what was seen last */
async function untilSeen(
  cluster: Cluster,
  patterns: readonly RegExp[],
  sees: () => Promise<string>,
): Promise<void> {
  let seen = '';
  const look = async (): Promise<boolean> => {
    seen = await sees();
    return patterns.every((pattern) => pattern.test(seen));
  };
  await cluster.waitFor(patterns.join(' and '), look, 40_000).catch((error: unknown) => {
    throw new Error(`Last seen:\n${seen.split('# HELP')[0]}`, { cause: error });
  });
}

let workingFolder: string | undefined;

/** Runs the commands of a section in a shell, in a checkout, as the engineer on call does. */
export async function runSection(
  alert: string,
  section: string,
  { namespace, system, logs }: Shell,
  name = 'NAME',
): Promise<string> {
  const blocks = codeBlocks(sectionOf(await readRunbook(alert), section), 'sh');
  expect(blocks.length, `commands below ${section}`).toBeGreaterThan(0);
  if (workingFolder === undefined) {
    workingFolder = await mkdtemp(join(tmpdir(), 'runbooks-'));
    for (const each of ['charts', 'crds', 'config'])
      await symlink(join(root, each), join(workingFolder, each));
  }
  await writeFile(join(workingFolder, 'log'), logs());
  const filled = blocks
    .join('\n')
    .replaceAll('NAMESPACE:', 'NS:')
    .replaceAll('NAME:', 'N:')
    .replaceAll('NAMESPACE', namespace)
    .replaceAll('codemie-system', system)
    .replaceAll(' NAME ', ` ${name} `);
  // grep answers 1 for no line, diff for a difference.
  const script = `kubectl() { if [ "$1" = logs ]; then cat ${workingFolder}/log; else command kubectl "$@"; fi; }
cd ${workingFolder}
set -o pipefail
${filled}
[ $? -le 1 ]`;
  const { code, stdout, stderr } = await runTool('bash', {
    args: ['-c', script],
    env: kubeEnv(kubeconfigPath()),
  });
  const errors = stderr.replaceAll(/^No resources found.*\n|^exit status 1\n/gm, '');
  expect(`${errors}${code === 0 ? '' : stdout}`, `${alert}, ${section}`).toBe('');
  return stdout;
}
