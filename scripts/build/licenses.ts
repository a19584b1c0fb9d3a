import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { z } from 'zod';

/** A package of which something is in the bundle. */
export interface BundledPackage {
  name: string;
  version: string;
  /** An SPDX expression. */
  license: string;
  /** The author that the package names, for those without a license text. */
  author: string;
  /** The texts that have to go with it, license and notices. */
  texts: string[];
}

/** Licenses that ask for no more than their text. Another one needs a review first. */
const permissive = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z
    .union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])
    .default('its authors'),
});

/**
 * Finds the packages that modules come from, by name and version. Modules outside of `node_modules` are our own.
 *
 * @throws Error when a package has a license that is not known to ask for its text only
 */
export async function readPackages(modules: readonly string[]): Promise<BundledPackage[]> {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined));
  const packages = new Map<string, BundledPackage>();
  for (const folder of folders) {
    const found = await readPackage(folder);
    if (!permissive.has(found.license))
      throw new Error(
        `${found.name} has the license ${found.license}. See whether it may be shipped, then list it.`,
      );
    packages.set(`${found.name}@${found.version}`, found);
  }
  return [...packages].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

/** The content of `THIRD-PARTY-LICENSES`: each package with its license, then its texts. */
export function licenseTexts(packages: readonly BundledPackage[]): string {
  const sections = packages.map(({ name, version, license, author, texts }) => {
    const body =
      texts.length > 0 ? texts : [`Copyright ${author}. The package ships no text of its license.`];
    return [`${name} ${version}`, `License: ${license}`, ...body].join('\n\n');
  });
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return `${['The program in this folder contains the following packages.', ...sections].join(rule)}\n`;
}

/** The folder of the innermost package that a file belongs to; undefined for our files. */
function packageFolder(file: string): string | undefined {
  const parts = file.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  const scoped = parts[at + 1]?.startsWith('@') === true;
  return parts.slice(0, at + (scoped ? 3 : 2)).join(sep);
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  const names = (await readdir(folder))
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    .toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return { ...manifest, texts: texts.map((text) => text.trim()) };
}
