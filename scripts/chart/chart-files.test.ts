import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { argocdFiles } from '../argocd/argocd-files.ts';
import { CHART_FOLDER } from '../generate/crd-files.ts';
import { chartFiles } from './chart-files.ts';
import { kustomizeFiles } from './kustomize-files.ts';
import type { ValueSchema } from './value.ts';
import { values } from './values.ts';

const root = join(import.meta.dirname, '..', '..');

it.each([...(await chartFiles()), ...(await kustomizeFiles()), ...(await argocdFiles())])(
  '$path is what `npm run generate` writes',
  async ({ path, content }) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
  },
);

/** The paths of the values that users set, such as `metrics.auth`. */
function pathsOf({ properties }: ValueSchema, path: readonly string[] = []): string[][] {
  return Object.entries(properties ?? {}).flatMap(([name, value]) =>
    value.properties ? pathsOf(value, [...path, name]) : [[...path, name]],
  );
}

it('every value is read by a template, by its own name or as part of a section that is read as a whole', () => {
  const folder = join(root, CHART_FOLDER, 'templates');
  const templates = globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
    .join('\n');
  const isRead = (path: readonly string[]): boolean =>
    path.some((_, index) =>
      new RegExp(`[.$][Vv]alues\\.${path.slice(0, index + 1).join('\\.')}(?![\\w.])`).test(templates),
    );
  const unread = pathsOf(values).filter((path) => !isRead(path));
  expect(unread.map((path) => path.join('.'))).toEqual([]);
});
