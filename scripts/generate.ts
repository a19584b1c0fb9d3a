import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { accessFiles } from '../src/access/generated-files.ts';
import { generatedFiles } from '../src/api/crd/generated-files.ts';
import { chartFiles } from './chart/chart-files.ts';

// `npm run generate`: writes the CustomResourceDefinitions and the API reference from the schemas in src/api, the roles
// and their page from the permissions in src/access, and what the chart says of its values from scripts/chart.
const root = join(import.meta.dirname, '..');

for (const { path, content } of [
  ...generatedFiles({ chart: true }),
  ...accessFiles(),
  ...(await chartFiles()),
]) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  console.log(path);
}
