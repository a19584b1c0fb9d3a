import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpmPackage } from '../../scripts/build/npm-package.ts';
import { goodManifests } from '../../src/cli/lint/broken-manifests.ts';
import { kinds } from '../harness/cluster.ts';
import { goProgram } from '../harness/go-program.ts';
import { runTool } from '../harness/kube-tools.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { gitHubIntegration } from './objects.ts';
import { useSuite } from './suite.ts';

const suite = useSuite();
const root = join(import.meta.dirname, '..', '..');
let folder: string;
let archive: string;
/** Folders with the plugin as npm and as krew install it. */
const bins: Record<'npm' | 'krew', string> = { npm: '', krew: '' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-plugin-'));
  await writeNpmPackage(root, join(folder, 'source'));
  await run('npm', ['pack', join(folder, 'source'), '--pack-destination', folder]);
  archive = join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '');
  await run('npm', ['install', '--prefix', join(folder, 'npm'), '--offline', '--no-audit', archive]);
  bins.npm = join(folder, 'npm', 'node_modules', '.bin');
  bins.krew = join(folder, 'krew', 'bin');
}, 600_000);
afterAll(() => rm(folder, { recursive: true }));

/** Runs a program with this Node.js, and the given folder, first in the path. */
async function run(tool: string, args: string[], { bin = '', input = '', env: more = {} } = {}) {
  await mkdir(join(folder, 'home'), { recursive: true });
  const path = [bin, dirname(process.execPath), process.env['PATH']].filter(Boolean).join(delimiter);
  const env = {
    HOME: join(folder, 'home'),
    KREW_ROOT: join(folder, 'krew'),
    KUBECONFIG: kubeconfigPath(),
    PATH: path,
    ...more,
  };
  return runTool(await withTools(tool), { args, env, input, timeoutMs: 300_000 });
}

/** The real kubectl by its whole path, since the PATH of the test is its own. */
async function withTools(tool: string): Promise<string> {
  if (tool !== 'kubectl') return tool;
  const found = await runTool('sh', { args: ['-c', 'command -v kubectl'], env: {} });
  return found.stdout.trim();
}

describe('krew', () => {
  it('installs the plugin by the manifest of a release', async () => {
    const written = await run(process.execPath, [
      join(root, 'scripts', 'krew.ts'),
      '--archive',
      archive,
      '--download',
      'https://downloads.example/v0',
      '--homepage',
      'https://codemie.example',
    ]);
    expect(written).toMatchObject({ code: 0, stdout: `${join(folder, 'codemie.yaml')}\n` });
    const manifest = join(folder, 'codemie.yaml');
    const krew = await goProgram(join(root, 'scripts', 'krew', 'go'), 'krew');
    const installed = await run(krew, ['install', `--manifest=${manifest}`, `--archive=${archive}`]);
    expect(installed.stderr).toContain('Installed plugin: codemie');
    expect(installed.code).toBe(0);
    const changed = join(folder, 'changed.tgz');
    await writeFile(changed, Buffer.concat([await readFile(archive), Buffer.from('x')]));
    const env = { KREW_ROOT: join(folder, 'other') };
    const refused = await run(krew, ['install', `--manifest=${manifest}`, `--archive=${changed}`], { env });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('checksum does not match');
  }, 600_000);
});

describe.each(['npm', 'krew'] as const)('kubectl codemie, installed by %s', (by) => {
  const kubectl = (args: string[], input = '') => run('kubectl', args, { bin: bins[by], input });

  it('is found, and checks what is piped to it', async () => {
    expect((await kubectl(['plugin', 'list'])).stdout).toContain(join(bins[by], 'kubectl-codemie'));
    expect((await kubectl(['codemie', '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const broken = goodManifests.token.replace('GitHub', 'Gitea');
    expect(await kubectl(['codemie', 'lint', '-'], broken)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('<stdin>:7:13: error: spec.provider'),
    });
  });

  it('works on the cluster of kubectl, and ends as the plugin ends', async () => {
    const namespace = await suite.team();
    await suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/acme`));
    await suite.cluster.waitForConditions(`${namespace}/acme`, { Ready: 'False/SecretNotFound' });
    const explained = await kubectl(['codemie', 'explain', 'acme', '--namespace', namespace]);
    expect(explained.code).toBe(1);
    expect(explained.stdout).toContain('is not Ready (SecretNotFound)');
    expect((await kubectl(['codemie', 'get', 'nothing', '-n', namespace])).code).toBe(2);
  });
});

describe('the npm package in an empty folder', () => {
  const program = async (args: string[], { input = '', env = {} } = {}) => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const script = `cd '${empty}' && exec codemie-git "$@"`;
    return run('sh', ['-c', script, 'sh', ...args], { bin: bins.npm, input, env });
  };

  it('prints its help, and checks manifests', async () => {
    expect(await program(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: codemie-git /),
    });
    expect(await program(['lint', '-'], { input: goodManifests.token })).toMatchObject({ code: 0 });
  });

  it('validates a credential of the cluster, of a file and of the environment', async () => {
    const { internet, github } = suite.world;
    const namespace = await suite.team();
    const token = suite.secret('ghp_');
    github.addToken({ token, login: 'octocat' });
    await suite.cluster.createSecret(`${namespace}/token`, { token });
    const object = gitHubIntegration(`${namespace}/acme`);
    await suite.cluster.create(kinds.integration, object);
    const manifest = { apiVersion: 'codemie.ai/v1alpha1', kind: 'GitIntegration', ...object };
    const env = { HTTPS_PROXY: internet.proxyUrl, MY_TOKEN: token };
    const trust = ['--ca-file', internet.caFile];
    const project = ['--project', '--operator-namespace', suite.system, '--cluster-name', suite.system];
    for (const args of [
      ['acme', '--namespace', namespace, ...project],
      ['--filename', '-', '--namespace', namespace],
      ['--provider', 'GitHub', '--token-env', 'MY_TOKEN'],
    ]) {
      const result = await program(['check', ...args, ...trust], { input: JSON.stringify(manifest), env });
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toContain('Credential    Valid  GitHub accepts the credential of octocat.');
      expect(result.stdout + result.stderr).not.toContain(token);
    }
    github.revokeToken(token);
    const rejected = await program(['check', 'acme', '--namespace', namespace, ...trust], { env });
    expect(rejected).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('rejected the token in Secret'),
    });
  });
});

it('completes commands, namespaces and names for kubectl', async () => {
  const namespace = await suite.team();
  await suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/acme`));
  const complete = async (...words: string[]) =>
    (await run('kubectl', ['__complete', 'codemie', ...words], { bin: bins.npm })).stdout.split('\n');
  expect(await complete('exp')).toContainEqual(expect.stringMatching(/^explain\tsay why /));
  // A cluster that does not answer within two seconds has no names for a user who waits at the key.
  const completed = (expected: RegExp, ...words: string[]) =>
    suite.cluster.waitFor(`the completion of ${words.join(' ')}`, async () =>
      (await complete(...words)).some((line) => expected.test(line)),
    );
  await completed(new RegExp(`^${namespace}\\b`), 'explain', '--namespace', namespace.slice(0, -1));
  await completed(/^acme\b/, 'explain', '--namespace', namespace, '');
  expect(await complete('lint', 'man')).toContain(':0');
  expect(await complete('explain', '--kubeconfig', '/nowhere', '')).toContain(':4');
});
