import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessFiles } from './access-files.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the files made from the permissions', () => {
  it.each(accessFiles())('$path is what `npm run generate` writes', async ({ path, content }) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
  });
});
