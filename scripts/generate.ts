import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { argocdFiles } from './argocd/argocd-files.ts';
import { chartFiles } from './chart/chart-files.ts';
import { kustomizeFiles } from './chart/kustomize-files.ts';
import { dashboardFile } from './dashboard/dashboard.ts';
import { accessFiles } from './generate/access-files.ts';
import { type GeneratedFile, generatedFiles } from './generate/crd-files.ts';
import { durationsPage } from './generate/durations-page.ts';
import { jsonSchemas } from './generate/json-schemas.ts';

// `npm run generate`: writes the CustomResourceDefinitions and the API reference from the schemas in src/api, the roles
// and their page from the permissions in src/access, the page of durations from src/lib/durations.ts, what the chart says of its values from scripts/chart, the dashboard, and last,
// for they are made from the chart, the Kustomize bases.
const root = join(import.meta.dirname, '..');

async function write(files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, content } of files) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    console.log(path);
  }
}

await write([
  ...generatedFiles({ chart: true }),
  ...jsonSchemas(),
  ...accessFiles(),
  ...(await chartFiles()),
  dashboardFile(),
  durationsPage(),
]);
await write([...(await kustomizeFiles()), ...(await argocdFiles())]);
