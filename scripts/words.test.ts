import { describe, expect, it } from 'vitest';
import { allTexts, proseOf } from './words/texts.ts';
import { checkWords, vocabulary } from './words/vocabulary.ts';

const examples = vocabulary.flatMap(({ specs }) => specs);

const check = async (content: string, format: '.md' | '.txt' = '.txt') =>
  await checkWords({ file: 'a', format, content });

describe('the vocabulary', () => {
  it.each(examples)('refuses: $from', async ({ from }) => {
    expect(await check(from)).toEqual([expect.objectContaining({ line: 1 })]);
    expect(await check(`# ${from}\n\n- ${from}\n\n| ${from} |\n| --- |\n| ${from} |\n`, '.md')).toHaveLength(
      4,
    );
  });

  it('leaves code in a page alone, and finds the place of a word', async () => {
    const page = '`anew`\n\n```sh\nanew\n```\n\nIt is created anew.\n';
    expect(await check(page, '.md')).toEqual([
      { file: 'a', line: 7, column: 15, message: expect.stringContaining('anew => again') },
    ]);
  });
});

describe('the texts of a source', () => {
  const source = `
// It is told here.
const a = { message: 'The token has ended.' };
const b = \`Nobody \${a.message} by
itself\`;
const told = 'told';
`;

  it('are its strings of several words, each on its line', () => {
    const lines = proseOf(source).split('\n');
    expect(lines).toEqual(['', '', 'The token has ended.', 'Nobody … by', 'itself', '', '']);
  });

  it('are its comments as well, if asked for', () => {
    expect(proseOf(source, { comments: true }).split('\n')[1]).toBe(' It is told here.');
  });
});

it('holds for pages, chart, examples and sources', () => {
  const files = new Set(allTexts().map(({ file }) => file));
  for (const file of [
    'README.md',
    'CHANGELOG.md',
    'docs/runbooks/CodeMieUnreachable.md',
    'docs/conditions.md',
    'charts/codemie-git-operator/values.yaml',
    'charts/codemie-git-operator/files/alerts.yaml',
    'charts/codemie-git-operator/templates/NOTES.txt',
    'examples/quickstart/20-integration.yaml',
    'src/api/reasons.ts',
    'src/providers/github/failures.ts',
    'scripts/chart/values.ts',
  ])
    expect(files).toContain(file);
});
