import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHART_FOLDER, generatedFiles } from './crd-files.ts';

const root = join(import.meta.dirname, '..', '..');
const files = generatedFiles({ chart: existsSync(join(root, CHART_FOLDER)) });

describe('the generated files', () => {
  it.each(files)('$path is what `npm run generate` writes', async ({ path, content }) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(content);
  });

  it('are the same each time', () => {
    expect(generatedFiles({ chart: true })).toEqual(generatedFiles({ chart: true }));
  });

  it('include templates for the chart, where there is a chart, that keep the CRDs', () => {
    const copies = generatedFiles({ chart: true }).filter(({ path }) => path.startsWith(CHART_FOLDER));
    expect(copies.map(({ path }) => path)).toEqual([
      'charts/codemie-git-operator/templates/crds/gitintegrations.yaml',
      'charts/codemie-git-operator/templates/crds/clustercodemieconnections.yaml',
      'charts/codemie-git-operator/templates/crds/codemieconnections.yaml',
    ]);
    for (const { content } of copies) expect(content).toContain('\n    helm.sh/resource-policy: keep\n');
  });
});
