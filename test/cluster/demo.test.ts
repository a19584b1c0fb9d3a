import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { demoPicture } from '../../scripts/demo/picture.ts';
import { stretched } from '../harness/pace.ts';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'demo.ts');

/** A run of the demo, with what it has written so far. */
interface Run {
  child: ChildProcessWithoutNullStreams;
  output: string;
  errors: string;
  /** The exit code, once everything is read. */
  ended: Promise<number | null>;
}

function start(args: string[] = [], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const run: Run = { child, output: '', errors: '', ended };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (run.output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (run.errors += text));
  return run;
}

/** The lines that a terminal of 100 columns would wrap, but for those that are one word, such as a URL. */
function wide(output: string): string[] {
  return output.split('\n').filter((line) => line.length > 100 && /\S\s/.test(line.trim()));
}

/** Waits until it has written something. */
async function untilWritten(run: Run, wanted: string): Promise<void> {
  while (!run.output.includes(wanted)) {
    if (run.child.exitCode !== null) throw new Error(`The demo ended without "${wanted}": ${run.output}`);
    await sleep(100);
  }
}

/** Headings, commands and results of a picture: what CodeMie happened to say of an outage differs from run to run. */
function linesOf(svg: string): string[] {
  const texts = [...svg.matchAll(/<text .*?>(.*)<\/text>/g)].map(([, text = '']) => text);
  const lines = texts.map((text) =>
    text
      .replaceAll(/<[^>]+>/g, '')
      .replaceAll(/[\da-f]{8}-[\da-f-]{27}|\d+(\.\d+)?/g, '0')
      .replaceAll(/\s+/g, ' '),
  );
  return lines.filter((line) => /^(── |\$ |✔ |NAME )/.test(line));
}

it('the demo runs to the end', { timeout: 240_000 }, async () => {
  const demo = start();
  expect(await demo.ended).toBe(0);
  const { output, errors } = demo;
  expect(errors).toBe('');
  expect(output).toMatch(/^github +True +Ready +GitHub +demo +\d{4}-\d{2}-\d{2} +\d+s$/m);
  expect(output).toMatch(/^github-app-by-owner +True +Ready /m);
  expect(output).toContain('\nThe token in Secret "github-pat" (key "token") is a placeholder.');
  expect(output).toMatch(/^✔ CodeMie has the new token \d+\.\d s later, in the same integration\s/m);
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
  expect(wide(output)).toEqual([]);
  const kept = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'demo.svg'), 'utf8');
  expect(linesOf(kept), 'docs/demo.svg is old: npm run demo:picture').toEqual(linesOf(demoPicture(output)));
});

it('with --keep it gives tokens and keys to play with', { timeout: 240_000 }, async () => {
  const demo = start(['--keep']);
  await untilWritten(demo, '  q   quit');
  for (const key of ['c', 'd', 'd', 'g', 'g', 'e', '?', 'q']) demo.child.stdin.write(`${key}\n`);
  expect(await demo.ended).toBe(0);
  const { output } = demo;
  expect(output).toContain('  export KUBECONFIG=/');
  expect(output).toMatch(/^ {2}GitHub, expired +ghp_/m);
  expect(output).toMatch(/^demo +gitlab-pat +project +gitlab\.com +token \*+$/m);
  expect(output).toMatch(/CodeMie is down\.\n.*CodeMie is up\.\n.*GitHub is down\.\n.*GitHub is up\./);
  expect(output).toContain('gitlab-pat leads to another host in CodeMie now.');
  expect(output.match(/^Keys/gm)).toHaveLength(2);
  expect(wide(output)).toEqual([]);
});

it('says what it does before it loads and starts anything', { timeout: 120_000 }, async () => {
  const startedAtMs = performance.now();
  const demo = start();
  await untilWritten(demo, '── A cluster, CodeMie, the Git hosts and the operator');
  expect(performance.now() - startedAtMs).toBeLessThan(stretched(2_000));
  await untilWritten(demo, '… A Kubernetes API server\n');
  expect(demo.output).not.toContain('✔');
  demo.child.kill('SIGINT');
  expect(await demo.ended).toBe(130);
});

it('names the folder that has no API server in it', { timeout: 60_000 }, async () => {
  const demo = start([], { KUBEBUILDER_ASSETS: import.meta.dirname });
  expect(await demo.ended).toBe(1);
  expect(demo.errors).toBe(
    `KUBEBUILDER_ASSETS names a folder without the program ${join(import.meta.dirname, 'etcd')}.\n`,
  );
});

it.each(['SIGINT', 'SIGHUP'] as const)('cleans up at %s', { timeout: 120_000 }, async (signal) => {
  const demo = start();
  // In the middle of a command.
  await untilWritten(demo, '$ kubectl apply -f examples/quickstart/00-namespace.yaml');
  demo.child.kill(signal);
  expect(await demo.ended).toBe(130);
  expect(demo.output).toContain('Stopped. Everything was cleaned up.\n');
  expect(demo.errors).toBe('');
});

it.each([
  { args: ['--help'], code: 0, says: 'Usage: npm run demo' },
  { args: ['--kept'], code: 1, says: "Unknown option '--kept'" },
])('explains itself for $args', async ({ args, code, says }) => {
  const demo = start(args);
  expect(await demo.ended).toBe(code);
  expect(demo.output + demo.errors).toContain(says);
  expect(demo.output + demo.errors).toContain('--keep');
});
