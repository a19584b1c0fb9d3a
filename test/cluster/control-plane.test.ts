import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kubectl } from '../harness/kubectl.ts';
import { eventually } from '../harness/pace.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'control-plane.ts');

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'control-plane-test-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Runs the script until it says that it is ready. */
async function startScript() {
  const child = spawn(process.execPath, [script, '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('export KUBECONFIG=')) break;
  }
  // Whatever it still says must not fill the pipe.
  child.stdout.resume();
  const { pid } = child;
  if (pid === undefined) throw new Error('The script was not started.');
  return { child, closed, children: await childrenOf(pid) };
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

function living(pids: number[]): number[] {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}

it('serves until Ctrl-C and leaves no process and no file behind', async () => {
  const { child, closed, children } = await startScript();
  const kubeconfig = join(dir, 'kubeconfig');
  expect(await kubectl(['get', 'namespace', 'default'], { kubeconfig })).toMatchObject({ code: 0 });
  expect(children.length).toBeGreaterThanOrEqual(2);

  child.kill('SIGINT');
  expect(await closed).toEqual([0, null]);
  await eventually(() => expect(living(children)).toEqual([]));
  await expect(access(kubeconfig)).rejects.toThrow('ENOENT');
});

it('leaves no process behind when it is killed', async () => {
  const { child, closed, children } = await startScript();
  child.kill('SIGKILL');
  await closed;
  await eventually(() => expect(living(children)).toEqual([]));
});

it('makes the Pods of a Deployment, and deletes them with their namespace', async () => {
  const kubeconfig = kubeconfigPath();
  const run = async (...args: string[]) => {
    const result = await kubectl(args, { kubeconfig });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return result.stdout;
  };
  await run('create', 'namespace', 'pods');
  await run('create', 'deployment', 'web', '--image=example.com/web', '--namespace=pods');
  await run('wait', '--for=create', 'pod', '--selector=app=web', '--namespace=pods', '--timeout=30s');
  await run('delete', 'namespace', 'pods', '--timeout=50s');
  expect(await run('get', 'namespace', 'pods', '--ignore-not-found')).toBe('');
});
