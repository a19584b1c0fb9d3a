import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { licenseTexts, readPackages } from './licenses.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'licenses-'));
  await add('plain', { version: '1.0.0', license: 'MIT' }, { LICENSE: 'Be kind.\n', 'README.md': 'Hello.' });
  await add(
    '@scope/noticed',
    { version: '2.0.0', license: 'Apache-2.0' },
    { NOTICE: 'Ours.', 'LICENCE.txt': 'A.' },
  );
  await add('bare', { version: '3.0.0', license: 'ISC', author: { name: 'Ann' } }, {});
  await add('plain/node_modules/inner', { version: '4.0.0', license: 'MIT' }, { LICENSE: 'I.' });
  await add('greedy', { version: '5.0.0', license: 'SSPL-1.0' }, {});
});
afterAll(() => rm(folder, { recursive: true }));

async function add(name: string, manifest: object, files: Record<string, string>): Promise<void> {
  const place = join(folder, 'node_modules', name);
  await mkdir(place, { recursive: true });
  const own = { name: name.replace(/.*node_modules\//, ''), ...manifest };
  for (const [file, content] of Object.entries({ 'package.json': JSON.stringify(own), ...files }))
    await writeFile(join(place, file), content);
}

const moduleOf = (name: string): string => join(folder, 'node_modules', name, 'lib', 'index.js');

describe('the licenses of a bundle', () => {
  it('are found by the files in it, each package once, and none for our files', async () => {
    const modules = ['plain', '@scope/noticed', 'plain', 'plain/node_modules/inner'].map(moduleOf);
    const packages = await readPackages([...modules, '/elsewhere/src/main.ts']);
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
      '@scope/noticed 2.0.0',
      'inner 4.0.0',
      'plain 1.0.0',
    ]);
  });

  it('go with all their texts and nothing else', async () => {
    const [found] = await readPackages([moduleOf('@scope/noticed')]);
    expect(found?.texts).toEqual(['A.', 'Ours.']);
    const [plain] = await readPackages([moduleOf('plain')]);
    expect(plain?.texts).toEqual(['Be kind.']);
  });

  it('name the author where a package has no text', async () => {
    const text = licenseTexts(await readPackages([moduleOf('bare')]));
    expect(text).toContain('bare 3.0.0\n\nLicense: ISC\n\nCopyright Ann.');
  });

  it('are refused until someone has reviewed them', async () => {
    await expect(readPackages([moduleOf('greedy')])).rejects.toThrow('greedy has the license SSPL-1.0.');
  });
});
