import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchemas } from './json-schemas.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the JSON Schemas', () => {
  it.each(jsonSchemas())('$path is what `npm run generate` writes', async ({ path, content }) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
  });
});
