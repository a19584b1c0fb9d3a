import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TextlintKernel, type TextlintKernelPlugin, type TextlintKernelRule } from '@textlint/kernel';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Text } from './texts.ts';

// These packages are CommonJS, with what they export under `default`; the rule has no types.
const require = createRequire(import.meta.url);
const { default: prh }: { default: TextlintKernelRule['rule'] } = require('textlint-rule-prh');
const {
  default: markdown,
}: { default: TextlintKernelPlugin['plugin'] } = require('@textlint/textlint-plugin-markdown');
const {
  default: plainText,
}: { default: TextlintKernelPlugin['plugin'] } = require('@textlint/textlint-plugin-text');

const vocabularyFile = join(import.meta.dirname, '..', '..', 'docs', 'contributing', 'vocabulary.yaml');

/** A word that is not used here, at its place. */
export interface Finding {
  file: string;
  /** From 1. */
  line: number;
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
export async function checkWords({ file, format, content, lineOf }: Text): Promise<Finding[]> {
  const { messages } = await kernel.lintText(content, {
    ext: format,
    filePath: file,
    plugins: [
      { pluginId: 'markdown', plugin: markdown },
      { pluginId: 'text', plugin: plainText },
    ],
    rules: [
      {
        ruleId: 'vocabulary',
        rule: prh,
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
  return messages.map(({ line, column, message }) => ({
    file,
    line: lineOf?.(line, column) ?? line,
    message,
  }));
}
