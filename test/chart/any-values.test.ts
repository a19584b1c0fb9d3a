import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { parseClusterCodeMieConnectionSpec } from '../../src/api/v1alpha1/connection-spec.ts';
import { readSettings } from '../../src/settings.ts';
import { kubectl } from '../harness/kubectl.ts';
import { kubeconfigPath } from '../kubeconfig-path.ts';
import { legalValues, releaseNames } from './legal-values.ts';
import { deploymentsOf, type Manifest, manifestsOf, template } from './render.ts';

const kubeconfig = kubeconfigPath();
const seed = Number(process.env['CHART_SEED'] ?? randomInt(1_000_000));
const count = Number(process.env['CHART_VALUES'] ?? 25);

/** Legal names of namespaces, of which YAML would take two for something else. */
const namespaces = ['123', 'true', 'team-a'];

beforeAll(async () => {
  for (const name of namespaces) {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await kubectl(['apply', '--filename', '-'], { kubeconfig, input: JSON.stringify(object) });
  }
});

const samples = fc.sample(fc.tuple(legalValues, releaseNames, fc.constantFrom(...namespaces)), {
  numRuns: count,
  seed,
});

describe(`any values that the chart's table allows (CHART_SEED=${seed})`, () => {
  it('render objects that the API server and the operator accept', async () => {
    const all: Manifest[] = [];
    for (const [values, release, namespace] of samples) {
      // The CRDs are always the same, and take longer than all the rest.
      const given = { crds: { install: false }, ...values };
      const { stdout, stderr } = await template(given, { namespace, release });
      expect({ release, namespace, values, stderr }).toMatchObject({ stderr: '' });
      const objects = manifestsOf(stdout);
      all.push(...objects);
      for (const { container } of deploymentsOf(objects).values())
        expect(() => readSettings(container.args, {})).not.toThrow();
      for (const spec of connectionsOf(objects))
        expect({ spec, parsed: parseClusterCodeMieConnectionSpec(spec) }).toMatchObject({
          parsed: { ok: true },
        });
    }
    const input = all
      // Kinds that this API server does not have.
      .filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'))
      .map((object) => JSON.stringify(object))
      .join('\n---\n');
    const dryRun = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict'];
    const { stderr } = await kubectl([...dryRun, '--filename', '-'], { kubeconfig, input });
    expect(stderr).toBe('');
  }, 180_000);
});

function connectionsOf(objects: readonly Manifest[]): unknown[] {
  const file = z.object({ data: z.object({ 'connection.yaml': z.string() }) });
  return objects.flatMap((object) => {
    const { data } = file.safeParse(object);
    return data === undefined ? [] : [parseYaml(data.data['connection.yaml']) as unknown];
  });
}
