import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeOnce } from './cache.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cache-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

it('makes a folder once for several that want it at a time', async () => {
  const folder = join(root, 'thing');
  const made: string[] = [];
  let waited = 0;
  const want = (name: string) =>
    makeOnce(
      folder,
      async (draft) => {
        made.push(name);
        await writeFile(join(draft, 'maker'), name);
      },
      () => {
        waited += 1;
      },
    );
  expect(await Promise.all([want('a'), want('b'), want('c')])).toEqual([folder, folder, folder]);
  expect(made).toHaveLength(1);
  expect(waited).toBeGreaterThan(0);
  expect(await readFile(join(folder, 'maker'), 'utf8')).toBe(made[0]);
  expect(await readdir(root)).toEqual(['thing']);
});

it('leaves nothing behind when it could not be made, and tries again the next time', async () => {
  const folder = join(root, 'thing');
  const fail = makeOnce(folder, async (draft) => {
    await writeFile(join(draft, 'half'), '');
    throw new Error('no space');
  });
  await expect(fail).rejects.toThrow('no space');
  expect(await readdir(root)).toEqual([]);
  await makeOnce(folder, async (draft) => await writeFile(join(draft, 'whole'), ''));
  expect(await readdir(folder)).toEqual(['whole']);
});

it('continues after a process that died while it filled the folder', async () => {
  const folder = join(root, 'thing');
  await mkdir(join(`${folder}.lock`, 'draft'), { recursive: true });
  await writeFile(join(`${folder}.lock`, 'draft', 'half'), '');
  const longAgo = new Date('2026-01-01T00:00:00Z');
  await utimes(`${folder}.lock`, longAgo, longAgo);
  await makeOnce(folder, async (draft) => await writeFile(join(draft, 'whole'), ''));
  expect(await readdir(folder)).toEqual(['whole']);
});
