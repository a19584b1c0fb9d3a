import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextlintKernel } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import plainText from '@textlint/textlint-plugin-text';
import prh from 'textlint-rule-prh';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Text } from './texts.ts';

const vocabularyFile = join(import.meta.dirname, '..', '..', 'docs', 'contributing', 'vocabulary.yaml');

/** A word that is not used here, at its place. */
export interface Finding {
  file: string;
  line: number;
  column: number;
  /** The word and what to write instead: `anew => again`. */
  message: string;
}

/** Each rule of the vocabulary with its examples of what it refuses, and of how the example reads instead. */
export const vocabulary = z
  .object({
    rules: z.array(
      z.object({
        expected: z.string(),
        pattern: z.string(),
        specs: z.array(z.object({ from: z.string(), to: z.string() })).min(1),
      }),
    ),
  })
  .parse(parseYaml(readFileSync(vocabularyFile, 'utf8'))).rules;

const kernel = new TextlintKernel();

/** Checks one text against docs/contributing/vocabulary.yaml. */
export async function checkWords({ file, format, content }: Text): Promise<Finding[]> {
  const { messages } = await kernel.lintText(content, {
    ext: format,
    filePath: file,
    plugins: [
      { pluginId: 'markdown', plugin: markdown.default },
      { pluginId: 'text', plugin: plainText.default },
    ],
    rules: [
      {
        ruleId: 'vocabulary',
        rule: prh.default,
        options: {
          rulePaths: [vocabularyFile],
          checkLink: true,
          checkBlockQuote: true,
          checkEmphasis: true,
          checkHeader: true,
        },
      },
    ],
  });
  return messages.map(({ line, column, message }) => ({ file, line, column, message }));
}
