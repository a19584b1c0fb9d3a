import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks } from '../../test/harness/code-blocks.ts';
import { replayFolder } from './command.ts';
import { readRecordings } from './recording.ts';
import { replay } from './replay.ts';

const root = join(import.meta.dirname, '..', '..');
const recordings = await readRecordings(join(root, 'test', 'replay'));

describe('the recordings of this project', () => {
  it.each(recordings.map((file) => ({ name: basename(file.path), ...file })))(
    '$name has the verdict that it holds',
    async ({ recording }) => {
      expect(recording.verdict, 'run: npm run replay -- test/replay --update').toBeDefined();
      const { verdict, unrecorded } = await replay(recording);
      expect(unrecorded).toEqual([]);
      expect(verdict, 'if it is meant: npm run replay -- test/replay --update').toEqual(recording.verdict);
    },
  );

  it('hold no token', async () => {
    const texts = await Promise.all(recordings.map(({ path }) => readFile(path, 'utf8')));
    for (const text of texts) expect(text).not.toMatch(/(gh[a-z]_|github_pat_|glpat-|ATATT3x)\w{8}/);
  });
});

describe('npm run replay', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs the command on a folder with this one file in it. */
  async function run(content: string, ...flags: string[]): Promise<{ code: number; output: string }> {
    await writeFile(join(folder, 'one.json'), content);
    const lines: string[] = [];
    const code = await replayFolder([folder, ...flags], (line) => lines.push(line));
    return { code, output: lines.join('\n') };
  }

  it('makes a verdict of the example in CONTRIBUTING.md, and keeps it on demand', async () => {
    const page = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
    const [example = ''] = codeBlocks(page, 'json');
    const first = await run(example);
    expect(first.code).toBe(0);
    expect(first.output).toContain('CredentialsValid=False Unauthorized');
    await run(example, '--update');
    const written = await readFile(join(folder, 'one.json'), 'utf8');
    expect((await run(written)).code).toBe(0);
    expect(await replayFolder([join(folder, 'one.json')], () => {})).toBe(0);
    const other = await run(written.replace('"Unauthorized"', '"Expired"'));
    expect(other.code).toBe(1);
    expect(other.output).toContain('The file holds another verdict');
  });

  it('names the call that has no answer', async () => {
    const recording = { ...recordings[0]?.source, verdict: undefined, exchanges: [] };
    const { code, output } = await run(JSON.stringify(recording));
    expect(code).toBe(1);
    expect(output).toContain('The recording has no answer to GET https://');
  });

  it.each([
    ['is no JSON', '{', 'one.json is not JSON.'],
    ['lacks a field', '{}', 'title'],
    [
      'holds a token',
      JSON.stringify({ ...recordings[0]?.source, credential: { kind: 'token', prefix: 'x'.repeat(40) } }),
      'never the token',
    ],
    [
      'has a date for a time',
      JSON.stringify({ ...recordings[0]?.source, recordedAt: '2026-11-22' }),
      'write a time',
    ],
    [
      'has an address without TLS',
      JSON.stringify({ ...recordings[0]?.source, url: 'http://git.example.com' }),
      'write a URL with https',
    ],
    [
      'holds a cookie',
      JSON.stringify({
        ...recordings[0]?.source,
        exchanges: [{ url: 'https://a.example.com', status: 200, headers: { 'Set-Cookie': 'a=b' } }],
      }),
      'may hold a secret',
    ],
  ])('refuses a file that %s', async (_what, content, sentence) => {
    await expect(run(content)).rejects.toThrow(sentence);
  });
});
