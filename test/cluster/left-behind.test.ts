import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { debianTool } from '../harness/debian-tool.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
const page = join(import.meta.dirname, '..', '..', 'docs', 'codemie.md');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'left-behind-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command of the page, as an administrator of CodeMie does. */
async function listLeftBehind(): Promise<string> {
  const { codemie, internet } = suite.world;
  const blocks = codeBlocks(await readFile(page, 'utf8'), 'sh');
  const command = blocks.find((block) => block.startsWith('CLUSTER=')) ?? '';
  const token = suite.secret('admin');
  codemie.addToken(token, codemie.addUser({ username: `admin-${randomUUID()}`, isAdmin: true }));
  const jq = await debianTool({ program: 'jq', packages: ['jq', 'libjq1', 'libonig5'] });
  const script = `PATH="$PATH:${dirname(jq.path)}"\n${command.replace('=production', `=${suite.system}`)}`;
  const { code, stderr, stdout } = await runTool('sh', {
    args: ['-euc', `cd ${folder}\n${script}`],
    env: {
      ...kubeEnv(kubeconfigPath()),
      ...jq.env,
      CODEMIE_URL: codemie.url,
      TOKEN: token,
      // What the reader has on his own machine: a way to CodeMie, and trust in its certificate.
      https_proxy: internet.proxyUrl,
      no_proxy: '127.0.0.1',
      CURL_CA_BUNDLE: internet.caFile,
    },
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

it('the command of the documentation lists what no object stands for any more, and nothing else', async () => {
  const { cluster, world } = suite;
  const namespace = await suite.team();
  await storeGitHubToken(suite, `${namespace}/token`);
  const person = world.codemie.addUser({ username: 'person', projectAdminOf: ['demo'] });
  world.codemie.seed({
    project: 'demo',
    alias: 'by hand',
    values: { url: 'https://github.com' },
    user: person,
  });
  const keys = { stays: `${namespace}/stays`, goes: `${namespace}/goes` };
  for (const key of Object.values(keys)) {
    await cluster.create(kinds.integration, gitHubIntegration(key, { deletionPolicy: 'Orphan' }));
    await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  }
  expect(await listLeftBehind()).toBe('');

  await cluster.delete(kinds.integration, keys.goes);
  await cluster.waitForGone(kinds.integration, keys.goes);
  const [row] = rowsOf(world, keys.goes);
  const mark = `codemie-git-operator/${suite.system}/${keys.goes}`;
  expect(await listLeftBehind()).toBe(`${[row?.id, 'demo', keys.goes, mark].join('\t')}\n`);
});
