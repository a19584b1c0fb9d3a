import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { proseOf, type Wanted } from './words/prose.ts';
import { allTexts, textsOf } from './words/texts.ts';
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
      { file: 'a', line: 7, message: expect.stringContaining('anew => again') },
    ]);
  });
});

describe('the texts of a source', () => {
  const source = `
// It is told
// here, as \`anew\`.
const a = { message: 'The token has ended.' };
const b = \`Nobody \${a.message} by
itself\`;
/**
 * It is taken
 * over.
 */
const told = 'told';
describe('what is mended', () => {
  it.each([{ title: 'is looked at', text: 'it heals' }])('$title anew', () => {});
});
`;
  const found = async (wanted: Wanted) => {
    const places = proseOf(source, wanted).map(async ({ line, text, breaks }) => {
      const messages = await check(text);
      return messages.map(({ message }) => `${line} ${breaks.length} ${message.split(' => ')[0]}`);
    });
    return (await Promise.all(places)).flat();
  };

  it('are its strings of several words', async () => {
    expect(proseOf(source, { strings: true }).map(({ text }) => text)).toContain('Nobody … by itself');
    expect(await found({ strings: true })).toEqual(
      expect.arrayContaining(['4 0 has ended', '5 1 Nobody', '5 1 by itself', '13 0 heals']),
    );
  });

  it('are its comments, where a phrase may go on in the next line, without the code in them', async () => {
    expect(await found({ comments: true })).toEqual(['2 1 told', '7 3 taken over']);
  });

  it('are the names of its tests, with the fields that they show', async () => {
    expect(await found({ testNames: true })).toEqual(['12 0 mended', '13 0 anew', '13 0 looked at']);
  });
});

it('reports the line of a word in a comment of several lines', async () => {
  const texts = textsOf(['scripts/words.test.ts']);
  expect(texts).toHaveLength(1);
  const [text] = texts;
  const line = text?.content.split('\n').findIndex((each) => each.includes('A comment for a test')) ?? -1;
  const column = text?.content.split('\n')[line]?.indexOf('second line') ?? -1;
  const file = readFileSync(import.meta.filename, 'utf8').split('\n');
  expect(file[(text?.lineOf?.(line + 1, column + 1) ?? 0) - 1]).toContain('second line');
});
/*
 * A comment for a test, whose
 * second line is found.
 */

it('are those of pages, chart, examples and sources', () => {
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
    'src/providers/github/github-verdict.ts',
    'scripts/chart/values.ts',
  ])
    expect(files).toContain(file);
});
