import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CHART_FOLDER, generatedFiles } from '../src/api/crd/generated-files.ts';

// `npm run generate`: writes the CustomResourceDefinitions and the API reference from the schemas in src/api.
const root = join(import.meta.dirname, '..');

for (const { path, content } of generatedFiles({ chart: existsSync(join(root, CHART_FOLDER)) })) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  console.log(path);
}
