import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './build/bundle.ts';
import { licenseTexts, readPackages } from './build/licenses.ts';
import { softwareBillOfMaterials } from './build/sbom.ts';

/**
 * `npm run build`: writes to `dist/` what the image is made of. The bundle and the texts that go with it depend on
 * the sources and the lock file only; the bill of materials also says when it was made.
 */
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
const chunks = await bundle(root, dist);
const packages = await readPackages(chunks.flatMap(({ modules }) => modules));
await writeFile(join(dist, 'THIRD-PARTY-LICENSES'), licenseTexts(packages));
await writeFile(join(dist, 'sbom.spdx.json'), await softwareBillOfMaterials(root));

for (const { file, bytes, modules } of chunks)
  console.log(`${file}: ${(bytes / 1024).toFixed(0)} KiB of ${modules.length} modules`);
console.log(`THIRD-PARTY-LICENSES: ${packages.length} packages`);
