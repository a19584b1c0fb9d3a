import { describe, expect, it } from 'vitest';
import { chartFolder, helm } from '../harness/helm.ts';
import type { Tools } from '../harness/kube-tools.ts';
import { release } from './render.ts';
import { variants } from './variants.ts';

const run = async (tools: Tools, args: string[], values: object = {}) =>
  await helm([...args, '--values', '-'], { tools, input: JSON.stringify(values) });
const template = ['template', release, chartFolder, '--namespace', 'codemie-system'];

describe.each<{ name: string; tools: Tools; version: RegExp }>([
  { name: 'Helm 4', tools: 'current', version: /^v4\.1\./ },
  { name: 'Helm 3', tools: 'oldest', version: /^v3\.17\./ },
])('$name', ({ tools, version }) => {
  it('has the version that the page on support names', async () => {
    const { stdout } = await helm(['version', '--template', '{{ .Version }}'], { tools });
    expect(stdout).toMatch(version);
  });

  it('finds no fault in the chart', async () => {
    expect(await helm(['lint', '--strict', chartFolder], { tools })).toMatchObject({ code: 0 });
  });

  it('refuses a value that does not exist, and names it', async () => {
    const { code, stderr } = await run(tools, template, { connection: { consumer: [] }, replicaCount: 3 });
    expect(code).toBe(1);
    expect(stderr).toContain('replicaCount');
    expect(stderr).toContain('consumer');
  });
});

it.each(variants)('Helm 3 and Helm 4 make the same of %s', async (_name, values) => {
  const [current, oldest] = await Promise.all(
    (['current', 'oldest'] as const).map((tools) => run(tools, template, values)),
  );
  expect(oldest).toEqual(current);
  expect(current?.code).toBe(0);
});
