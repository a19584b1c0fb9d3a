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

it('the command of the documentation lists what has no object in its project, and nothing else', async () => {
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
  const markOf = (key: string) => `codemie-git-operator/${suite.system}/${key}`;
  expect(await listLeftBehind()).toBe(`${[row?.id, 'demo', keys.goes, markOf(keys.goes)].join('\t')}\n`);

  // A copy in another project, or what was transferred there, is known by the mark of an object that exists.
  world.codemie.remove(row?.id ?? '');
  const values = { url: 'https://github.com', managed_by: markOf(keys.stays) };
  const copy = world.codemie.seed({ project: 'elsewhere', alias: 'copy', values, user: person });
  expect(await listLeftBehind()).toBe(`${[copy.id, 'elsewhere', 'copy', markOf(keys.stays)].join('\t')}\n`);
});
