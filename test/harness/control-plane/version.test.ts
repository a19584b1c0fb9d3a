import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { kubernetesRelease, kubernetesReleases } from './version.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const minors = Object.keys(kubernetesReleases);

it.each(Object.entries(kubernetesReleases))('Kubernetes %s is what go.mod builds', async (minor, release) => {
  const goMod = await readFile(join(import.meta.dirname, release.module, 'go.mod'), 'utf8');
  expect(goMod).toContain(`k8s.io/kubernetes ${release.version} `);
  expect(release.version).toContain(`v${minor}.`);
});

it('has a default, and refuses a minor version that is not there', () => {
  expect(kubernetesRelease('')).toBe(kubernetesRelease(undefined));
  expect(() => kubernetesRelease('1.20')).toThrow('There is no Kubernetes 1.20 for the tests');
});

it('the oldest and the newest are the ones that chart, CI and the page on versions name', async () => {
  const read = async (path: string): Promise<string> => await readFile(join(root, path), 'utf8');
  const [oldest = '', newest = ''] = [minors[0], minors.at(-1)];
  expect(await read('charts/codemie-git-operator/Chart.yaml')).toContain(`kubeVersion: ">=${oldest}.0-0"`);
  expect(await read('docs/support.md')).toContain(`the minor versions from ${oldest} to ${newest}.`);
  const { jobs } = z
    .object({
      jobs: z.object({
        cluster: z.object({
          strategy: z.object({
            matrix: z.object({ include: z.array(z.object({ kubernetes: z.string() })) }),
          }),
        }),
      }),
    })
    .parse(parse(await read('.github/workflows/ci.yml')));
  expect(jobs.cluster.strategy.matrix.include.map(({ kubernetes }) => kubernetes)).toEqual([oldest, newest]);
});
