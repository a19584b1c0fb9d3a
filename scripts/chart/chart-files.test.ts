import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { argocdFiles } from '../argocd/argocd-files.ts';
import { chartFiles } from './chart-files.ts';
import { kustomizeFiles } from './kustomize-files.ts';

const root = join(import.meta.dirname, '..', '..');

it.each([...(await chartFiles()), ...(await kustomizeFiles()), ...(await argocdFiles())])(
  '$path is what `npm run generate` writes',
  async ({ path, content }) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
  },
);
