import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { debianTool, type Tool } from '../harness/debian-tool.ts';
import { metricCatalogue } from '../harness/metric-catalogue.ts';
import { faultsOf } from './query.ts';

const root = join(import.meta.dirname, '..', '..');
const rulesFile = join(root, 'charts/codemie-git-operator/files/alerts.yaml');
const ruleTests = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.rules-test.yaml'))
  .map((name) => join(import.meta.dirname, name));

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.url() }),
});
const alerts = z
  .object({ groups: z.array(z.object({ rules: z.array(rule) })) })
  .parse(parse(readFileSync(rulesFile, 'utf8')))
  .groups.flatMap(({ rules }) => rules);

let promtool: Tool;
beforeAll(async () => {
  promtool = await debianTool({ program: 'promtool', packages: ['prometheus'] });
});

/** Runs promtool and gives what it wrote; fails with that. */
async function run(...args: string[]): Promise<string> {
  const options = { env: promtool.env, cwd: import.meta.dirname };
  return (await promisify(execFile)(promtool.path, args, options)).stdout;
}

describe('the alerts', () => {
  it('are rules for Prometheus', async () => {
    const said = await run('check', 'rules', '--lint-fatal', rulesFile);
    expect(said).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('fire when they should, and only then', async () => {
    const said = await run('test', 'rules', ...ruleTests);
    expect(said.match(/SUCCESS/g)).toHaveLength(ruleTests.length);
  });

  it.each(alerts)('$alert: its metrics and labels exist', ({ expr }) => {
    const { own, standard } = metricCatalogue();
    expect(faultsOf(expr, [...own, ...standard])).toEqual([]);
  });

  it.each(alerts)('$alert: is seen firing and not firing', ({ alert }) => {
    const texts = ruleTests.map((file) => readFileSync(file, 'utf8')).join('\n');
    const checks = texts.split(/- expr: /).filter((each) => each.startsWith(`ALERTS{alertname="${alert}"`));
    expect(checks.some((each) => each.includes('exp_samples:'))).toBe(true);
    expect(checks.some((each) => !each.includes('exp_samples:'))).toBe(true);
  });
});

describe('the runbooks', () => {
  const folder = join(root, 'docs', 'runbooks');
  const pages = readdirSync(folder).filter((name) => name !== 'README.md');

  it('are one for each alert', () => {
    const linked = alerts.map(({ annotations }) => annotations.runbook_url.split('/docs/runbooks/')[1] ?? '');
    expect(linked).toEqual(alerts.map(({ alert }) => `${alert}.md`));
    expect(pages.toSorted((a, b) => a.localeCompare(b))).toEqual(
      linked.toSorted((a, b) => a.localeCompare(b)),
    );
  });

  it('are listed with their severity', () => {
    const index = readFileSync(join(folder, 'README.md'), 'utf8');
    const rows = [...index.matchAll(/^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|/gm)];
    expect(rows.map(([, alert, severity]) => [alert, severity])).toEqual(
      alerts.map(({ alert, labels }) => [alert, labels.severity]),
    );
  });

  it.each(pages)('%s asks for metrics that exist', (page) => {
    const { own, standard } = metricCatalogue();
    const code = [...readFileSync(join(folder, page), 'utf8').matchAll(/`([^`\n]*\([^`\n]*\))`/g)];
    const queries = code
      .map(([, text = '']) => text)
      .filter((text) => /^(sum|histogram_quantile)\b/.test(text));
    expect(queries.flatMap((query) => faultsOf(query, [...own, ...standard]))).toEqual([]);
  });
});
