import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discard, reconciled, rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import type { Tools } from '../harness/kube-tools.ts';
import { earlierChart, quickstart, system, useInstallation } from './installation.ts';

const suite = useInstallation();
const key = 'team-a/github';
const crds = join(import.meta.dirname, '..', '..', 'crds');
/** Ready sooner, and no Lease of the operator before to wait for. */
const one = { replicas: 1, leaderElection: { enabled: false } };

const pods = (): Promise<string> =>
  suite.kubectl(['get', 'pods', '-n', system, '-o', 'jsonpath={.items[*].metadata.name}']);

describe('Helm 3.17', () => {
  const helm = (...args: string[]): Promise<string> => suite.helm(args, 'oldest');
  let id: string | undefined;

  it('upgrades from the chart before, its CRDs included', async () => {
    await helm('install', ...suite.release({ chart: earlierChart, values: one }));
    await helm('upgrade', ...suite.release({ values: { ...one, logLevel: 'debug' } }));
    await suite.kubectl(['apply', '-f', '-'], await quickstart(suite.world));
    await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
    [{ id } = { id: undefined }] = rowsOf(suite.world, key);
    expect(id).toBeDefined();
  });

  it('rolls back to Pods of the revision before, and integrations keep their ids', async () => {
    await helm('upgrade', ...suite.release({ values: { ...one, logLevel: 'warn' } }));
    const before = (await pods()).split(' ');
    await helm('rollback', 'codemie-git-operator', '2', '--wait', '--timeout=60s');
    await suite.cluster.waitFor('the Pods to be replaced', async () => {
      const after = await pods();
      return before.every((pod) => !after.includes(pod));
    });
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key).map((row) => row.id)).toEqual([id]);
  });

  it('uninstalls, and installs again where it was', async () => {
    await helm('uninstall', 'codemie-git-operator', '--wait', '--timeout=60s');
    expect(await suite.cluster.get(kinds.integration, key)).toBeDefined();
    await helm('install', ...suite.release({ values: one }));
    await reconciled(suite.cluster, key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key).map((row) => row.id)).toEqual([id]);
  });
});

describe.each<{ name: string; tools: Tools; conflicts: string[] }>([
  { name: 'Helm 3.17', tools: 'oldest', conflicts: [] },
  { name: 'Helm 4.1', tools: 'current', conflicts: ['--force-conflicts'] },
])('CRDs that kubectl applied, with $name,', ({ tools, conflicts }) => {
  const install = (...flags: string[]): Promise<string> =>
    suite.helm(['install', ...suite.release({ values: one }), ...flags], tools);

  it('are refused as they are, and adopted as the page on installation says', async () => {
    await suite.helm(['uninstall', 'codemie-git-operator', '--ignore-not-found', '--wait'], tools);
    // Without an operator nothing removes finalizers.
    await discard(suite.cluster, kinds.integration, key);
    await discard(suite.cluster, kinds.clusterConnection, 'default');
    await suite.kubectl(['delete', '--ignore-not-found', '--filename', crds]);
    await suite.kubectl(['apply', '--server-side', '--filename', crds]);
    await expect(install()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/invalid ownership metadata|conflict/) },
    });
    await suite.helm(['uninstall', 'codemie-git-operator', '--ignore-not-found', '--wait'], tools);
    await install('--take-ownership', ...conflicts);
    const owner = 'jsonpath={.metadata.annotations.meta\\.helm\\.sh/release-name}';
    expect(await suite.kubectl(['get', 'crd', 'gitintegrations.codemie.ai', '-o', owner])).toBe(
      'codemie-git-operator',
    );
  });
});
