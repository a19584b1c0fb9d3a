import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { type Manifest, manifestsOf, render } from './render.ts';

const config = join(import.meta.dirname, '..', '..', 'config', 'default');
const kubeconfig = kubeconfigPath();

/** What only Helm needs to know. */
const ofHelm = new Set(['helm.sh/chart', 'helm.sh/resource-policy', 'app.kubernetes.io/managed-by']);

const withoutHelm = (entries: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(entries).filter(([name]) => !ofHelm.has(name)));

/** Objects by what they are, without what only Helm needs to know. */
function byName(objects: readonly Manifest[]): Map<string, object> {
  return new Map(
    objects.map((object) => {
      const { kind, metadata } = object;
      const labels = withoutHelm(metadata.labels);
      const annotations = withoutHelm(metadata.annotations);
      return [`${kind} ${metadata.name}`, { ...object, metadata: { ...metadata, labels, annotations } }];
    }),
  );
}

it('is what the chart makes, and the namespace', async () => {
  const { stdout, stderr } = await kubectl(['kustomize', config], { kubeconfig });
  expect(stderr).toBe('');
  const objects = byName(manifestsOf(stdout));
  expect(objects.delete('Namespace codemie-system')).toBe(true);
  expect(objects).toEqual(byName(await render()));
});
