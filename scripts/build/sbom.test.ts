import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { softwareBillOfMaterials } from './sbom.ts';

const root = join(import.meta.dirname, '..', '..');
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().default(false) })),
});
const billSchema = z.object({ packages: z.array(z.object({ name: z.string(), versionInfo: z.string() })) });

it('lists every package that the lock file has for production, and no other', async () => {
  const { packages } = lockSchema.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  const wanted = Object.entries(packages).flatMap(([path, { version, dev }]) =>
    dev ? [] : [`${path === '' ? 'codemie-git-operator' : path.split('node_modules/').at(-1)} ${version}`],
  );
  const bill = billSchema.parse(JSON.parse(await softwareBillOfMaterials(root)));
  const listed = bill.packages.map(({ name, versionInfo }) => `${name} ${versionInfo}`);
  expect(wanted.length).toBeGreaterThan(50);
  expect(new Set(listed)).toEqual(new Set(wanted));
});
