import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { dashboardFile } from '../../scripts/dashboard/dashboard.ts';
import { debianTool } from '../harness/debian-tool.ts';
import { metricCatalogue } from '../harness/metric-catalogue.ts';
import { faultsOf } from './query.ts';

const { path, content } = dashboardFile();
const panel = z.object({
  id: z.number(),
  title: z.string(),
  gridPos: z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
  targets: z.array(z.object({ expr: z.string() })).default([]),
});
const dashboard = z
  .object({
    schemaVersion: z.literal(42),
    panels: z.array(panel),
    templating: z.object({
      list: z.array(z.object({ name: z.string(), definition: z.string().optional() })),
    }),
  })
  .parse(JSON.parse(content));

/** A query as Prometheus gets it: with the variables filled in as Grafana does. */
function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll(/"\$\w+"/g, '".*"');
}
const queries = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, expr: filledIn(expr) })),
);
const { own, standard } = metricCatalogue();

describe('the dashboard', () => {
  it('is what `npm run generate` writes', () => {
    expect(readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')).toBe(content);
  });

  it.each(queries)('$title: $expr', ({ expr }) => {
    expect(faultsOf(expr, [...own, ...standard])).toEqual([]);
  });

  it('has queries that Prometheus itself can read', async () => {
    const { path: promtool, env } = await debianTool({ program: 'promtool', packages: ['prometheus'] });
    const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
    const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }));
    const run = promisify(execFile);
    const { stdout } = await run(promtool, ['check', 'rules', 'rules.yaml'], { env, cwd: folder });
    await rm(folder, { recursive: true });
    expect(stdout).toContain(`SUCCESS: ${queries.length} rules found`);
  });

  it('asks for values of labels that there are', () => {
    const asked = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    const selectors = asked.map((text) => /^label_values\((.*), (\w+)\)$/.exec(text)?.slice(1) ?? ['', '']);
    expect(selectors).toHaveLength(2);
    for (const [selector = '', label = ''] of selectors)
      expect(faultsOf(`sum by (${label}) (${selector})`, [...own, ...standard])).toEqual([]);
  });

  it('has no two panels in one place', () => {
    const cells = dashboard.panels.flatMap(({ id, gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => ({
        id,
        at: `${x + (cell % w)} ${y + Math.floor(cell / w)}`,
      })),
    );
    expect(new Set(cells.map(({ at }) => at)).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true);
  });
});
