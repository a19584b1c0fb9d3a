import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { goodManifests } from '../../src/cli/lint/broken-manifests.ts';
import { startWorld, type World } from '../../test/harness/world.ts';
import { writeNpmPackage } from './npm-package.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
let folder: string;
let world: World;

/** Installs the package as a user does, from its archive, into an empty folder and without a registry. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npm-package-'));
  world = await startWorld();
  const source = join(folder, 'source');
  await writeNpmPackage(root, source);
  await npm(['pack', source, '--pack-destination', folder]);
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  await npm(['install', '--prefix', join(folder, 'user'), '--offline', '--no-audit', join(folder, archive)]);
}, 180_000);
afterAll(async () => {
  await world?.close();
  await rm(folder, { recursive: true });
});

const npm = (args: string[]) => run('npm', args, { cwd: folder });

/** Runs the installed program, with this Node.js first in the path. */
async function installed(args: string[], env: Record<string, string> = {}) {
  const path = [dirname(process.execPath), process.env['PATH']].join(':');
  const bin = join(folder, 'user', 'node_modules', '.bin');
  return run(join(bin, 'codemie-git'), args, { env: { PATH: path, ...env } }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe('the npm package', () => {
  it('installs itself and nothing else, under its three names', async () => {
    const modules = join(folder, 'user', 'node_modules');
    expect((await readdir(modules)).filter((name) => !name.startsWith('.'))).toEqual(['codemie-git']);
    expect((await readdir(join(modules, '.bin'))).toSorted()).toEqual([
      'codemie-git',
      'kubectl-codemie',
      'kubectl_complete-codemie',
    ]);
    const { stdout } = await installed(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 60_000);

  it('shows help, and checks manifests and credentials', async () => {
    expect((await installed(['--help'])).stdout).toContain('Usage: codemie-git');
    const manifest = join(folder, 'manifest.yaml');
    await writeFile(manifest, goodManifests.token.replace('GitHub', 'Gitea'));
    const lint = await installed(['lint', manifest]);
    expect(lint).toMatchObject({ code: 1 });
    expect(lint.stdout).toContain('manifest.yaml:7:13: error: spec.provider');
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    world.github.addToken({ token, login: 'octocat' });
    const args = [
      'check',
      '--provider',
      'GitHub',
      '--token-env',
      'TOKEN',
      '--ca-file',
      world.internet.caFile,
    ];
    const check = await installed(args, { TOKEN: token, HTTPS_PROXY: world.internet.proxyUrl });
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(check.stdout).toContain('octocat');
    expect(check.stdout).not.toContain(token);
  }, 60_000);

  it('names the variable that holds a value which is none', async () => {
    const check = await installed(['check', '--provider', 'GitHub', '--token-env', 'T'], { T: '<TOKEN>' });
    expect(check.code).toBe(1);
    expect(check.stdout).toContain('The token in environment variable T is a placeholder');
  }, 60_000);

  it('ends quietly when its reader has enough, and at Ctrl-C while it waits for input', async () => {
    const program = join(folder, 'user', 'node_modules', 'codemie-git', 'codemie-git.mjs');
    const start = (args: string[]) => spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
    const broken = join(folder, 'broken.yaml');
    const unknown = Array.from({ length: 3000 }, (_, n) => `  k${n}: 1\n`).join('');
    await writeFile(broken, goodManifests.token + unknown);
    const piped = start(['lint', broken]);
    const errors = text(piped.stderr);
    piped.stdout.once('data', () => piped.stdout.destroy());
    await once(piped, 'close');
    expect(await errors).toBe('');

    const waiting = start(['lint', '-']);
    waiting.stdin.on('error', () => {});
    // More than a pipe holds, so that the program is known to read.
    await new Promise((resolve) => waiting.stdin.write('#'.repeat(1024 * 1024), resolve));
    waiting.kill('SIGINT');
    expect(await once(waiting, 'close')).toEqual([130, null]);
  }, 60_000);

  it.each(['bash', 'zsh', 'fish'])(
    'completes in %s',
    async (shell) => {
      expect((await installed(['completion', shell])).stdout).toContain('codemie-git');
      expect((await installed(['complete', '--', 'exp'])).stdout).toContain('explain');
    },
    60_000,
  );
});

/** The scripts of the examples for CI, run by bash as a runner does, with the archive as what npm installs. */
describe('the examples for CI', () => {
  const example = async (name: string) =>
    parseAllDocuments(await readFile(join(root, 'examples', 'ci', name), 'utf8')).map((document): unknown =>
      document.toJS(),
    );

  /** Runs scripts in a repository with these manifests. */
  async function runner(scripts: readonly string[], inputs: Record<string, string>, manifest: string) {
    const work = await mkdtemp(join(folder, 'repository-'));
    await mkdir(join(work, 'manifests'));
    await writeFile(join(work, 'manifests', 'a.yaml'), manifest);
    const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
    const prefix = join(work, 'global');
    const env = {
      PATH: [join(prefix, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
      npm_config_prefix: prefix,
      npm_config_offline: 'true',
      PACKAGE: join(folder, archive),
      PATHS: 'manifests',
      FAIL_ON: 'error',
      SARIF: '',
      ...inputs,
    };
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', scripts.join('\n')];
    const result = await run('bash', args, { cwd: work, env }).then(
      ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
      (error: { stdout: string; stderr: string; code: number }) => error,
    );
    return { ...result, file: (name: string) => readFile(join(work, name), 'utf8') };
  }

  const action = z.object({
    name: z.string(),
    description: z.string(),
    inputs: z.record(z.string(), z.object({ description: z.string() })),
    runs: z.object({
      using: z.literal('composite'),
      steps: z.array(
        z.union([
          z.strictObject({ uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/), with: z.looseObject({}) }),
          z.strictObject({
            shell: z.literal('bash'),
            env: z.record(z.string(), z.string()),
            // Inputs come by the environment only, so that none is run as a part of the script.
            run: z.string().refine((script) => !script.includes('${{')),
          }),
        ]),
      ),
    }),
  });

  it('annotate a pull request by the GitHub action', async () => {
    const [content] = await example('action.yml');
    const { runs, inputs } = action.parse(content);
    const scripts = runs.steps.flatMap((step) => ('run' in step ? [step.run] : []));
    const used = runs.steps.flatMap((step) => ('env' in step ? Object.values(step.env) : []));
    expect(used.toSorted()).toEqual(
      Object.keys(inputs)
        .map((name) => `\${{ inputs.${name} }}`)
        .toSorted(),
    );

    const good = await runner(scripts, {}, goodManifests.token);
    expect(good).toMatchObject({ code: 0 });
    const broken = goodManifests.token.replace('GitHub', 'Gitea');
    const bad = await runner(scripts, { SARIF: 'lint.sarif' }, broken);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('::error file=manifests/a.yaml,line=7,col=13,');
    expect(JSON.parse(await bad.file('lint.sarif'))).toMatchObject({ version: '2.1.0' });
    const strict = await runner(scripts, { FAIL_ON: 'warning' }, goodManifests.token);
    expect(strict.code).toBe(1);
    const nowhere = await runner(scripts, { PATHS: 'nowhere $(id)', SARIF: 'x.sarif' }, broken);
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.stderr).toContain('There is no file or folder nowhere.');
  }, 120_000);

  it('report tests by the GitLab template', async () => {
    const [, content] = await example('gitlab-ci.yml');
    const { script } = z.object({ 'codemie-git': z.object({ script: z.array(z.string()) }) }).parse(content)[
      'codemie-git'
    ];
    const bad = await runner(script, {}, goodManifests.token.replace('GitHub', 'Gitea'));
    expect(bad.code).toBe(1);
    expect(await bad.file('codemie-git.xml')).toContain('<failure type="schema"');
    expect(await runner(script, {}, goodManifests.token)).toMatchObject({ code: 0 });
  }, 120_000);
});
