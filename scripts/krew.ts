import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { krewManifest } from './krew/manifest.ts';

/**
 * `npm run krew -- --archive codemie-git-0.1.0.tgz --download URL --homepage URL`: writes codemie.yaml, the manifest
 * for krew, next to the archive that `npm pack ./dist/codemie-git` made. `--download` is the folder in which people
 * find it.
 */
const { archive, download, homepage } = z
  .strictObject({
    archive: z.string().regex(/codemie-git-\d+\.\d+\.\d+[-+.\w]*\.tgz$/),
    download: z.url({ protocol: /^https$/ }),
    homepage: z.url({ protocol: /^https$/ }),
  })
  .parse(
    parseArgs({
      options: { archive: { type: 'string' }, download: { type: 'string' }, homepage: { type: 'string' } },
    }).values,
  );
const name = basename(archive);
const manifest = krewManifest({
  version: name.slice('codemie-git-'.length, -'.tgz'.length),
  bytes: await readFile(archive),
  uri: `${download.endsWith('/') ? download : `${download}/`}${name}`,
  homepage,
});
const file = join(dirname(archive), 'codemie.yaml');
await writeFile(file, manifest);
console.log(file);
