import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { nodeFlags } from '../../scripts/build/node-flags.ts';
import { type OpenedImage, openBuiltImage } from './built-image.ts';

const mostOwnBytes = 120_000_000;
const root = join(import.meta.dirname, '..', '..');
let image: OpenedImage;
let files: string[];

beforeAll(async () => {
  image = await openBuiltImage();
  files = await filesBelow(image.folder);
});
afterAll(() => image?.release());

/** Paths of all files and links, from the root of the image on. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => !entry.isDirectory());
  return found.map((entry) => `/${relative(folder, join(entry.parentPath, entry.name))}`).toSorted();
}

const read = (path: string): Promise<string> => readFile(join(image.folder, path), 'utf8');
const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(root, path), 'utf8'));

const billSchema = z.object({
  spdxVersion: z.string(),
  packages: z.array(z.object({ name: z.string(), versionInfo: z.string(), downloadLocation: z.string() })),
});

describe('the image', () => {
  it('adds less than 120 MB to its base', () => {
    expect(inject('built').ownBytes).toBeLessThan(mostOwnBytes);
  });

  it('says what it is, and runs as an unprivileged user', async () => {
    const { version } = z.object({ version: z.string() }).parse(await json('package.json'));
    const { Entrypoint, User, Labels } = image.config;
    expect({ Entrypoint, User }).toEqual({
      Entrypoint: ['/nodejs/bin/node', ...nodeFlags, '/app/main.mjs'],
      User: '65532:65532',
    });
    expect(Labels).toMatchObject({
      'org.opencontainers.image.title': 'codemie-git-operator',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.base.name': image.base,
    });
  });

  it('adds the program and the papers that go with it, and not a file more', async () => {
    const base = await image.builder.mount(image.base);
    const ofBase = new Set(await filesBelow(base.folder));
    await base.release();
    const added = files.filter((file) => !ofBase.has(file));
    const [papers, program] = [
      /^\/app\/(LICENSE|THIRD-PARTY-LICENSES|sbom\.spdx\.json)$/,
      /^\/app\/[\w-]+\.mjs$/,
    ];
    expect(added.filter((file) => papers.test(file))).toHaveLength(3);
    expect(added).toEqual(expect.arrayContaining(['/app/codemie-git.mjs', '/app/main.mjs']));
    expect(added.filter((file) => !papers.test(file) && !program.test(file))).toEqual([]);
  });

  it('has neither a shell nor a package manager', () => {
    const programs = /\/(sh|bash|dash|busybox|npm|npx|corepack|yarn|apt-get|dpkg)$/;
    expect(files.filter((file) => /bin\//.test(file) && programs.test(file))).toEqual([]);
    expect(files.filter((file) => /node_modules|\.npmrc|\.git\b/.test(file))).toEqual([]);
  });

  it('has a bill of materials with every package whose license text it ships, and none for development', async () => {
    const text = await read('/app/sbom.spdx.json');
    const bill = billSchema.parse(JSON.parse(text));
    const listed = new Set(bill.packages.map(({ name, versionInfo }) => `${name} ${versionInfo}`));
    const licenses = await read('/app/THIRD-PARTY-LICENSES');
    const bundled = [...licenses.matchAll(/^-{80}\n\n(\S+ \S+)\n\nLicense: /gm)].map(([, name = '']) => name);
    expect(bundled.length).toBeGreaterThan(20);
    expect(bundled.filter((name) => !listed.has(name))).toEqual([]);
    const names = bill.packages.map(({ name }) => name);
    expect(names.filter((name) => ['rolldown', 'typescript', 'vitest'].includes(name))).toEqual([]);
    // Where the packages were fetched from is the builder's affair.
    expect(new Set(bill.packages.map(({ downloadLocation }) => downloadLocation))).toEqual(
      new Set(['NOASSERTION']),
    );
  });
});
