import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dockerAnswers } from '../../scripts/image/docker.ts';
import { goodManifests } from '../../src/cli/lint/broken-manifests.ts';
import { quickstart, system, useInstallation } from '../chart/installation.ts';
import { rowsOf } from '../cluster/objects.ts';
import { type CommandResult, runTool } from '../harness/kube-tools.ts';
import { type OpenedImage, openBuiltImage } from './built-image.ts';
import { podsInK3s } from './k3s-pod.ts';

/** Nothing else has containers to run a cluster in. */
const hasDocker = await dockerAnswers();

let opened: OpenedImage | undefined;
const suite = useInstallation({
  async image() {
    opened = await openBuiltImage();
    return opened.image;
  },
});
afterAll(() => opened?.release());

const key = 'team-a/github';
const podNames = async (): Promise<string[]> =>
  (await suite.kubectl(['get', 'pods', '-n', system, '-o', 'name']))
    .split('\n')
    .filter((name) => name !== '');

describe('the image, installed by the chart', () => {
  it('starts as 65532 on a read-only root, and answers its probes', async () => {
    await suite.helm(['install', ...suite.release({ values: { replicas: 1 } })]);
    expect(await podNames()).toHaveLength(1);
    const output = suite.node.output('codemie-git-operator');
    expect(output).toContain('"Caches are synced"');
    expect(output).not.toContain('node agent:');
    const command = [...(opened?.image.entrypoint ?? [])].join('\0');
    expect(await usersOf(command)).toEqual(['65532']);
  });

  it('validates and registers the credential of the quickstart', async () => {
    await suite.kubectl(['apply', '-f', '-'], await quickstart(suite.world));
    await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
    expect(rowsOf(suite.world, key)).toHaveLength(1);
  });

  it('exits with code 0 on SIGTERM', async () => {
    await suite.kubectl(['scale', 'deployment', 'codemie-git-operator', '-n', system, '--replicas=0']);
    await suite.cluster.waitFor('the Pod to be gone', async () => (await podNames()).length === 0);
    const output = suite.node.output('codemie-git-operator');
    expect(output).toContain('"Stopped"');
    expect(output).toContain('node agent: operator ended with code 0');
  });
});

describe('the command line in the image', () => {
  it('prints its help, and checks manifests from standard input', async () => {
    expect(await cli(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: codemie-git /),
    });
    expect(await cli(['lint', '-'], { input: goodManifests.token })).toMatchObject({ code: 0 });
    expect(await cli(['lint', '-'], { input: 'kind: x' })).toMatchObject({ code: 1 });
  });

  it('validates a credential of the environment, without a byte of it in the output', async () => {
    const token = `ghp_${randomUUID()}`;
    suite.world.github.addToken({ token, login: 'octocat' });
    const env = { HTTPS_PROXY: suite.world.internet.proxyUrl, MY_TOKEN: token };
    const flags = ['--provider', 'GitHub', '--token-env', 'MY_TOKEN', '--ca-file', '/tmp/authority/ca.crt'];
    const { code, stdout, stderr } = await cli(['check', ...flags], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('GitHub accepts the credential of octocat.');
    expect(stdout).not.toContain(token);
  });
});

if (hasDocker)
  it('runs on K3s as it is', { timeout: 600_000 }, async ({ signal }) => {
    const pods = await podsInK3s(opened?.name ?? '', signal);
    expect(pods.match(/ 1\/1 +Running /g)).toHaveLength(2);
  });

/** Runs the command line of the image on a read-only root, with the authority of the world in `/tmp/authority`. */
async function cli(
  args: string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'image-cli-'));
  try {
    const [authority, kept] = [join(folder, 'authority'), join(folder, 'kept')];
    for (const each of [authority, kept]) await mkdir(each);
    await copyFile(suite.world.internet.caFile, join(authority, 'ca.crt'));
    // The user of the image is not the one who made them.
    for (const path of [folder, authority, join(authority, 'ca.crt')]) await chmod(path, 0o755);
    const argv = ['/nodejs/bin/node', '/app/codemie-git.mjs', ...args];
    const mounts = [{ source: authority, target: '/tmp/authority', readOnly: true }];
    const sandbox = { mounts, readOnlyRoot: true, variables: Object.keys(env) };
    const [tool = '', ...rest] = (await opened?.image.enter?.(argv, sandbox, kept)) ?? [];
    return await runTool(tool, { args: rest, env, input });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The user ids of the processes of this machine whose command line begins like that. */
async function usersOf(command: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process may end while we look.
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!line.startsWith(`${command}\0`)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    found.push(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 'gone');
  }
  return found;
}
