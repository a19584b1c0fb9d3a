import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inSandbox, type Sandbox } from './sandbox.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  await mkdir(join(folder, 'token'));
  await writeFile(join(folder, 'token', 'token'), 'secret');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

async function run(script: string, sandbox: Partial<Sandbox>): Promise<string> {
  const whole = { mounts: [], readOnlyRoot: false, ...sandbox };
  const [command = '', ...args] = await inSandbox(['sh', '-c', script], whole, folder);
  return (await promisify(execFile)(command, args)).stdout.trim();
}

it('mounts where a Pod has its token, and leaves nothing on the machine', async () => {
  const target = `${serviceAccount}-of-a-test`;
  const mounts = [{ source: join(folder, 'token'), target, readOnly: true }];
  expect(await run(`cat ${target}/token; echo x > ${target}/token || echo refused`, { mounts })).toBe(
    'secretrefused',
  );
  expect(existsSync(target)).toBe(false);
});

it('mounts below /etc, next to what is there', async () => {
  const mounts = [{ source: join(folder, 'token'), target: '/etc/of-a-test/ca', readOnly: true }];
  expect(await run('cat /etc/of-a-test/ca/token; test -e /etc/passwd && echo :kept', { mounts })).toBe(
    'secret:kept',
  );
  expect(existsSync('/etc/of-a-test')).toBe(false);
});

it('makes the root read-only', async () => {
  expect(await run('touch /of-a-test 2>/dev/null || echo refused', { readOnlyRoot: true })).toBe('refused');
});

it('refuses to mount elsewhere', async () => {
  const mounts = [{ source: join(folder, 'token'), target: '/usr/lib/x', readOnly: true }];
  await expect(run('true', { mounts })).rejects.toThrow('can not mount at /usr/lib/x');
});
