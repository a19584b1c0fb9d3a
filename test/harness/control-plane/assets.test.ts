import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findAssets } from './assets.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assets-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

it.each([
  { programs: ['etcd', 'kube-apiserver'], controllerManager: undefined },
  {
    programs: ['etcd', 'kube-apiserver', 'kube-controller-manager'],
    controllerManager: 'kube-controller-manager',
  },
])('finds $programs', async ({ programs, controllerManager }) => {
  for (const program of programs) await writeFile(join(folder, program), '', { mode: 0o755 });
  expect(await findAssets(folder)).toEqual({
    source: 'assets',
    etcd: join(folder, 'etcd'),
    apiServer: join(folder, 'kube-apiserver'),
    ...(controllerManager === undefined ? {} : { controllerManager: join(folder, controllerManager) }),
  });
});

it('names the program that a folder lacks', async () => {
  await writeFile(join(folder, 'etcd'), '', { mode: 0o755 });
  await expect(findAssets(folder)).rejects.toThrow(
    `KUBEBUILDER_ASSETS names a folder without the program ${join(folder, 'kube-apiserver')}.`,
  );
});
