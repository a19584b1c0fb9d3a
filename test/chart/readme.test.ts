import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { z } from 'zod';
import { rowsOf } from '../cluster/objects.ts';
import { codeBlocks, sectionOf } from '../harness/code-blocks.ts';
import { runTool, type Tools } from '../harness/kube-tools.ts';
import { kubeEnv } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { quickstart, storeAuthority, system, useInstallation } from './installation.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;

beforeAll(async () => {
  // A checkout, with values.yaml and the key of an App in it.
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  for (const name of ['charts', 'crds', 'examples']) await symlink(join(root, name), join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));

const read = (page: string): Promise<string> => readFile(join(root, page), 'utf8');

/** The blocks of a language below a heading of a page, up to the next heading of that rank. */
async function blocks(page: string, heading: string, language: 'sh' | 'yaml'): Promise<string[]> {
  return codeBlocks(sectionOf(await read(page), heading), language);
}

/** Runs a line of the page in the checkout. */
async function run(line: string, env: Record<string, string>, tools: Tools): Promise<string> {
  const { code, stdout, stderr } = await runTool('sh', {
    args: ['-euc', `cd ${folder}\n${line}`],
    env: { ...kubeEnv(kubeconfigPath()), ...env },
    tools,
  });
  if (code !== 0) throw new Error(`${line} failed: ${stderr}`);
  return stdout;
}

describe.each<{ name: string; tools: Tools }>([
  { name: 'Helm 4.1 and kubectl 1.35', tools: 'current' },
  { name: 'Helm 3.17 and kubectl 1.32', tools: 'oldest' },
])('the lines of the README, with $name,', ({ tools }) => {
  const suite = useInstallation();

  it('install the operator and declare integrations', async () => {
    const { world, cluster } = suite;
    const [shown = ''] = await blocks('docs/install.md', 'Install', 'yaml');
    const values = z.looseObject({}).parse(parseYaml(shown));
    await writeFile(
      join(folder, 'values.yaml'),
      stringify({ ...values, ...suite.localValues(), replicas: 1 }),
    );
    await suite.kubectl(['delete', 'namespace', system]);

    const [install = ''] = await blocks('README.md', 'Install', 'sh');
    const lines = install.trim().split('\n');
    const [first = '', ...rest] = lines;
    const env = { CLIENT_SECRET: world.clientSecret };
    await run(first, env, tools);
    await storeAuthority(suite);
    let output = '';
    for (const line of rest) output += await run(line, env, tools);
    expect(lines).toHaveLength(6);
    const met = 'clustercodemieconnection.codemie.ai/default condition met';
    expect(output.split('\n').filter((line) => line === met)).toHaveLength(2);
    expect(output).toContain('gitintegration.codemie.ai/github created');

    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    await writeFile(join(folder, 'private-key.pem'), pem);
    world.github.addOrganization('acme');
    world.github.addApp({ id: 123456, privateKey: pem });
    world.github.addInstallation({ appId: 123456, account: 'acme' });
    world.gitlab.addToken({ token: 'glpat-of-the-readme', username: 'ci-bot' });
    for (const block of await blocks('README.md', 'Declare an integration', 'sh'))
      await run(block, { TOKEN: 'glpat-of-the-readme' }, tools);
    const [manifests = ''] = await blocks('README.md', 'Declare an integration', 'yaml');
    await suite.kubectl(['apply', '--filename', '-'], manifests);
    for (const key of ['team-a/acme-github', 'team-a/acme-gitlab']) {
      await cluster.waitForConditions(key, { Ready: 'True/Ready' });
      expect(rowsOf(world, key)).toHaveLength(1);
    }
  }, 180_000);
});

describe('the lines of the README without an image', () => {
  const suite = useInstallation();

  it('start the operator from the checkout, on a cluster that has nothing', async () => {
    const home = dirname(kubeconfigPath());
    const [, block = ''] = await blocks('README.md', 'Install', 'sh');
    const [crds = '', namespace = '', start = ''] = block.trim().split('\n');
    await suite.kubectl(['delete', 'namespace', system]);
    for (const line of [crds, namespace]) await run(line, {}, 'current');
    // `npm ci` is how this test came here; the kubeconfig is elsewhere.
    expect(start).toMatch(/^npm ci && npm start -- --kubeconfig ~\/\.kube\/config +# until Ctrl-C$/);
    const command = start.replace('npm ci && ', 'exec ').replace('~/.kube/config', kubeconfigPath());
    const { proxyUrl, caFile } = suite.world.internet;
    const operator = spawn('sh', ['-c', command], {
      cwd: root,
      // Ctrl-C reaches npm and what it has started.
      detached: true,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        HTTPS_PROXY: proxyUrl,
        CODEMIE_OPERATOR_CA_FILE: caFile,
        // The ports of the default may be taken on this machine.
        CODEMIE_OPERATOR_METRICS_ADDRESS: '127.0.0.1:0',
        CODEMIE_OPERATOR_PROBE_ADDRESS: '127.0.0.1:0',
      },
    });
    const ended = once(operator, 'close');
    const { pid } = operator;
    if (pid === undefined) throw new Error('It did not start.');
    const interrupt = (signal: 'SIGINT' | 'SIGKILL') => process.kill(-pid, signal);
    onTestFinished(() => {
      if (operator.exitCode === null && operator.signalCode === null) interrupt('SIGKILL');
    });
    await suite.kubectl(['apply', '--filename', '-'], await quickstart(suite.world));
    await suite.cluster.waitForConditions('team-a/github', { Ready: 'True/Ready' });
    interrupt('SIGINT');
    await ended;
  });
});
