import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  it('installs itself and nothing else, under both names', async () => {
    const modules = join(folder, 'user', 'node_modules');
    expect((await readdir(modules)).filter((name) => !name.startsWith('.'))).toEqual(['codemie-git']);
    expect((await readdir(join(modules, '.bin'))).toSorted()).toEqual(['codemie-git', 'kubectl-codemie']);
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

  it.each(['bash', 'zsh', 'fish'])(
    'completes in %s',
    async (shell) => {
      expect((await installed(['completion', shell])).stdout).toContain('codemie-git');
      expect((await installed(['complete', '--', 'exp'])).stdout).toContain('explain');
    },
    60_000,
  );
});
