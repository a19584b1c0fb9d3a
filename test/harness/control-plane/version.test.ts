import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kubernetesVersion } from './version.ts';

it('is the version that go.mod builds', async () => {
  const goMod = await readFile(join(import.meta.dirname, 'go', 'go.mod'), 'utf8');
  expect(goMod).toContain(`k8s.io/kubernetes ${kubernetesVersion} `);
});
