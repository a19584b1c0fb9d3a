import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
const page = join(import.meta.dirname, '..', '..', 'docs', 'using-integrations.md');

it('the commands of the page say what CodeMie calls the integration, and its id', async () => {
  const { cluster, world } = suite;
  const namespace = await suite.team();
  const key = `${namespace}/acme-github`;
  await storeGitHubToken(suite, `${namespace}/token`);
  await cluster.create(kinds.integration, gitHubIntegration(key, { alias: 'acme-github' }));
  const output: string[] = [];
  const blocks = codeBlocks(await readFile(page, 'utf8'), 'sh');
  // The last one waits until there is an id.
  for (const block of [...blocks.slice(-1), ...blocks.slice(0, -1)]) {
    const command = block.replaceAll('team-a', namespace);
    const env = kubeEnv(kubeconfigPath());
    const { code, stdout, stderr } = await runTool('sh', { args: ['-euc', command], env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    output.push(stdout);
  }
  const row = world.codemie.rows().find(({ alias }) => alias === 'acme-github');
  expect(output).toEqual([
    'gitintegration.codemie.ai/acme-github condition met\n',
    'acme-github\tdemo\tReady\n',
    row?.id,
  ]);
});
