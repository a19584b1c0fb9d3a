import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'demo.ts');

function start(...args: string[]) {
  const demo = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void demo.kill('SIGKILL'));
  return demo;
}

const exitOf = (demo: ChildProcess) => new Promise<number | null>((resolve) => demo.once('exit', resolve));

/** Waits until the process has written something, and gives everything that it wrote after that. */
async function untilWritten(demo: ReturnType<typeof start>, wanted: string): Promise<void> {
  let written = '';
  for await (const chunk of demo.stdout.iterator({ destroyOnReturn: false })) {
    written += String(chunk);
    if (written.includes(wanted)) return;
  }
  throw new Error(`The demo ended without "${wanted}": ${written.slice(-2000)}`);
}

it('the demo tells its story to the end', { timeout: 240_000 }, async () => {
  const demo = start();
  const [output, errors, code] = await Promise.all([text(demo.stdout), text(demo.stderr), exitOf(demo)]);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).toMatch(/^github +True +Ready +GitHub +demo +\d{4}-\d{2}-\d{2} +\d+s$/m);
  expect(output).toMatch(/^github-app-by-owner +True +Ready /m);
  expect(output).toContain('\nThe token in Secret "github-pat" (key "token") is a placeholder.');
  expect(output).toMatch(/^✔ CodeMie has the new token \d+\.\d s later, in the same integration /m);
  expect(output).toMatch(/^gitlab-pat +False +Revoked /m);
  expect(output).toContain('CodeMie still has the token that works');
  expect(output).toMatch(/^The token in Secret "github-pat" \(key "token"\) expires at /m);
  expect(output).toContain('Someone changed url of the integration in CodeMie. It was written again.');
  expect(output).toMatch(/^✔ It has the new token \d+\.\d s later, without any action\.$/m);
  expect(output).toContain('It is gone from CodeMie as well.');
  const [, held = '', seen = ''] =
    /What CodeMie holds now(.*)What you have just seen(.*)/s.exec(output) ?? [];
  expect(held).toMatch(/^demo +GitHub of team A +project +github\.com +token \*+$/m);
  expect(held).toMatch(/^demo +gitlab-of-user +user +/m);
  expect(held).not.toContain('bitbucket');
  expect(seen.match(/^✔ /gm)).toHaveLength(8);
  // Commands and sentences wrap by themselves; rows of tables must not.
  const rows = output.split('\n').filter((line) => / {3}/.test(line));
  expect(rows.filter((line) => line.length > 100)).toEqual([]);
});

it('with --keep it gives tokens and keys to play with', { timeout: 240_000 }, async () => {
  const demo = start('--keep');
  await untilWritten(demo, 'Your turn');
  const rest = text(demo.stdout);
  const ended = exitOf(demo);
  for (const key of ['c', 'd', 'd', 'g', 'g', 'e', '?', 'q']) demo.stdin.write(`${key}\n`);
  const output = await rest;
  expect(output).toContain('  export KUBECONFIG=/');
  expect(output).toMatch(/^ {2}GitHub, expired +ghp_/m);
  expect(output).toMatch(/^demo +gitlab-pat +project +gitlab\.com +token \*+$/m);
  expect(output).toMatch(/CodeMie is down\.\n.*CodeMie is up\.\n.*GitHub is down\.\n.*GitHub is up\./);
  expect(output).toContain('gitlab-pat leads to another host in CodeMie now.');
  expect(output.match(/^Keys/gm)).toHaveLength(2);
  expect(await ended).toBe(0);
});

it('cleans up when it is interrupted', { timeout: 120_000 }, async () => {
  const demo = start();
  await untilWritten(demo, 'Apply the examples');
  const rest = Promise.all([text(demo.stdout), text(demo.stderr), exitOf(demo)]);
  demo.kill('SIGHUP');
  const [output, errors, code] = await rest;
  expect(output).toContain('Stopped. Everything was cleaned up.\n');
  expect(errors).toBe('');
  expect(code).toBe(130);
});

it.each([
  { args: ['--help'], code: 0, says: 'Usage: npm run demo' },
  { args: ['--kept'], code: 1, says: "Unknown option '--kept'" },
])('explains itself for $args', async ({ args, code, says }) => {
  const demo = start(...args);
  const [output, errors, ended] = await Promise.all([text(demo.stdout), text(demo.stderr), exitOf(demo)]);
  expect(ended).toBe(code);
  expect(output + errors).toContain(says);
  expect(output + errors).toContain('--keep');
});
