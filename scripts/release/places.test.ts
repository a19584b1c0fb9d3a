import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { places } from './places.ts';

const root = join(import.meta.dirname, '..', '..');
const skipped = /^(node_modules|dist|\.git)(\/|$)/;

const files = (await readdir(root, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  .filter((path) => !skipped.test(path) && /\.(md|ya?ml|json|ts|tpl|txt)$/.test(path))
  .filter((path) => !/package-lock\.json$|\.test\.ts$|\.rules-test\.yaml$/.test(path));
const texts = await Promise.all(
  files.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const),
);

it('no file names another place for sources, image or chart', () => {
  const allowed = [
    `${places.registry}/${places.imageRepository}`,
    `${places.registry}/${places.chartFolder}/codemie-git-operator`,
  ];
  const found = texts.flatMap(([path, text]) =>
    [...text.matchAll(/(?<![\w.-])ghcr\.io\/codemie-ai(\/[a-z0-9-]+)*/g)]
      .map(([place]) => place)
      .filter((place) => !allowed.some((each) => each.startsWith(place) || place.startsWith(each)))
      .map((place) => `${path}: ${place}`),
  );
  const sources = texts.flatMap(([path, text]) =>
    [...text.matchAll(/github\.com[/:]([\w.-]+\/codemie-git-operator)/g)]
      .map(([, repository]) => `https://github.com/${repository}`)
      .filter((place) => place !== places.source)
      .map((place) => `${path}: ${place}`),
  );
  expect([...found, ...sources]).toEqual([]);
});
