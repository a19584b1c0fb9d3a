import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../pace.ts';
import { type ProcessOptions, startProcess } from './processes.ts';

const shell = (script: string, output: ProcessOptions['output'] = () => {}): ProcessOptions => ({
  name: 'shell',
  command: '/bin/sh',
  args: ['-c', script],
  env: { PATH: process.env['PATH'] ?? '' },
  output,
});

it('collects what a process writes to both of its outputs', async () => {
  const chunks: Buffer[] = [];
  const started = await startProcess(shell('echo out; echo err >&2; exit 3', (chunk) => chunks.push(chunk)));
  expect(await started.exited).toEqual({ code: 3, signal: null });
  expect(started.running()).toBe(false);
  expect(Buffer.concat(chunks).toString().split('\n').toSorted()).toEqual(['', 'err', 'out']);
});

it('appends to a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'processes-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const file = join(dir, 'log');
  for (const word of ['one', 'two']) await (await startProcess(shell(`echo ${word}`, file))).exited;
  expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
});

it.each([
  {
    name: 'asks first',
    script: 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done',
    graceMs: 10_000,
    exit: { code: 0, signal: null },
  },
  {
    name: 'insists when it is not heard',
    script: 'trap "" TERM; echo ready; while :; do sleep 0.1; done',
    graceMs: 1,
    exit: { code: null, signal: 'SIGKILL' },
  },
])('$name', async ({ script, graceMs, exit }) => {
  let written = '';
  const started = await startProcess(shell(script, (chunk) => (written += chunk.toString())));
  await eventually(() => expect(written).toBe('ready\n'));
  expect(await started.stop(graceMs)).toEqual(exit);
});

it('rejects when there is no such program', async () => {
  await expect(startProcess({ ...shell(''), command: '/nonexistent' })).rejects.toThrow('ENOENT');
});

it('does not outlive its starter, and neither does the folder it was given', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'processes-'));
  const starter = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { startProcess } from ${JSON.stringify(join(import.meta.dirname, 'processes.ts'))};
     const started = await startProcess({ name: 'sleeper', command: 'sleep', args: ['1000'], env: process.env, output: () => {}, removeIfOrphaned: ${JSON.stringify(dir)} });
     console.log(started.pid);`,
  ]);
  const [chunk] = await once(starter.stdout, 'data');
  const pid = Number(chunk);
  expect(process.kill(pid, 0)).toBe(true);
  starter.kill('SIGKILL');
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  await eventually(() => expect(readFile(dir)).rejects.toThrow('ENOENT'));
});
