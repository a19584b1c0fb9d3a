import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { columns, fold, foldCommand } from './terminal.ts';

const sentence = 'The token in Secret "github-pat" (key "token") is a placeholder. Store the real value. ';

describe('what is printed', () => {
  it.each([
    ['a short line', 'Ready', 1],
    ['nothing', '', 1],
    ['a message of two sentences', sentence.repeat(2).trim(), 2],
    ['a long message', sentence.repeat(6).trim(), 6],
  ])('fits: %s', (_name, text, rows) => {
    const folded = fold(text);
    expect(folded).toHaveLength(rows);
    expect(folded.filter((row) => row.length > columns)).toEqual([]);
    expect(folded.join(' ')).toBe(text);
  });

  it('leaves what has no space in it, such as a URL, in one piece', () => {
    const url = `https://github.com/settings/tokens/new?scopes=${'x'.repeat(100)}`;
    expect(fold(`Create one at ${url} now.`)).toEqual(['Create one at', url, 'now.']);
  });

  it('leaves rows of tables alone', () => {
    const row = `demo   ${'a'.repeat(60)}   ${'b'.repeat(60)}`;
    expect(fold(row)).toEqual([row]);
  });
});

it.each([
  [['echo', 'short']],
  [['echo', ...Array<string>(30).fill('word-of-some-letters')]],
  [['echo', 'a', `'${'{"with": "spaces in quotes"} '.repeat(3)}'`, ...Array<string>(9).fill('something')]],
])('a command fits and means the same in a shell: %j', async (words) => {
  const folded = foldCommand(words);
  const widest = Math.max(...folded.split('\n').map((row) => row.length));
  expect(widest).toBeLessThanOrEqual(columns - '$ '.length);
  const run = async (command: string): Promise<string> =>
    (await promisify(execFile)('sh', ['-c', command])).stdout;
  expect(await run(folded)).toBe(await run(words.join(' ')));
});

it('shows good in green, bad in red and commands in cyan, where there are colours', async () => {
  const script = `import { bad, good, printOutput, prompt } from ${JSON.stringify(join(import.meta.dirname, 'terminal.ts'))};
    good('well'); bad('wrong'); printOutput('acme False'); prompt('kubectl', 'get');`;
  const show = async (env: Record<string, string>): Promise<string> =>
    (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { env })).stdout;
  const [green, red, cyan, end] = [32, 31, 36, 39].map((code) => `\u001B[${code}m`);
  expect(await show({ FORCE_COLOR: '1' })).toBe(
    `${green}✔${end} well\n${red}✘${end} wrong\nacme ${red}False${end}\n${cyan}$ kubectl get${end}\n`,
  );
  expect(await show({ NO_COLOR: '1' })).toBe('✔ well\n✘ wrong\nacme False\n$ kubectl get\n');
});
