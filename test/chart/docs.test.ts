import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { kinds } from '../../src/api/kinds.ts';
import { parsePart } from '../../src/api/parse.ts';
import { codeBlocks } from '../harness/code-blocks.ts';
import { chartFolder } from '../harness/helm.ts';
import { deploymentsOf, release, render } from './render.ts';

const read = async (path: string): Promise<string> =>
  await readFile(join(chartFolder, '..', '..', path), 'utf8');

/** The values that a page shows: its YAML blocks that are no objects. */
async function valuesOf(page: string): Promise<Record<string, unknown>[]> {
  const blocks = codeBlocks(await read(page), 'yaml');
  const parsed = blocks.map((text) => z.record(z.string(), z.unknown()).parse(parseYaml(text)));
  return parsed.filter((each) => !('apiVersion' in each));
}

it.each([
  { page: 'docs/install.md', least: 8 },
  { page: 'docs/guides/onboard-a-team.md', least: 1 },
])('$page shows values that the chart takes', async ({ page, least }) => {
  const shown = await valuesOf(page);
  expect(shown.length).toBeGreaterThanOrEqual(least);
  for (const values of shown) expect(deploymentsOf(await render(values)).size).toBeGreaterThan(0);
});

describe('what Artifact Hub shows', async () => {
  const chart = z
    .object({ appVersion: z.string(), annotations: z.record(z.string(), z.string()) })
    .parse(parseYaml(await read('charts/codemie-git-operator/Chart.yaml')));
  const list = (name: string): unknown => parseYaml(chart.annotations[`artifacthub.io/${name}`] ?? '');

  it('is the kinds that there are', () => {
    const known = kinds.map(({ resource: { kind, plural, group, version } }) =>
      expect.objectContaining({ kind, version, name: `${plural}.${group}` }),
    );
    expect(list('crds')).toEqual(expect.arrayContaining(known));
  });

  it('is examples that are right', () => {
    const examples = z.array(z.object({ kind: z.string(), spec: z.unknown() })).parse(list('crdsExamples'));
    const faults = examples.flatMap(({ kind, spec }) => {
      const schema = kinds.find(({ resource }) => resource.kind === kind)?.spec ?? z.never();
      const parsed = parsePart(schema, 'spec', spec);
      return parsed.ok ? [] : [parsed.error];
    });
    expect(faults).toEqual([]);
  });

  it('is the image that the chart runs', async () => {
    const image = deploymentsOf(await render()).get(release)?.container.image;
    expect(list('images')).toEqual([expect.objectContaining({ image })]);
  });

  it('is what has changed', () => {
    expect(list('changes')).toEqual([{ kind: 'added', description: expect.any(String) }]);
  });
});
