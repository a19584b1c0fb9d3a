import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layOut, type Placed } from './dashboard/dashboard.ts';
import { draw, type Series } from './dashboard/draw.ts';
import { type PrometheusServer, startPrometheus } from './dashboard/prometheus-server.ts';
import { projectFolder, type Stage, setStage } from './demo/stage.ts';
import { tell } from './demo/story.ts';
import { print } from './demo/terminal.ts';

/**
 * `node scripts/dashboard-picture.ts`: draws docs/dashboard.svg. The data are real: the demo runs, more integrations
 * come, a Git host goes away for a while, and Prometheus watches. The drawing is ours: Grafana is not needed for it.
 */
async function main(): Promise<void> {
  const stage = await setStage(new AbortController().signal);
  let prometheus: PrometheusServer | undefined;
  try {
    prometheus = await startPrometheus(stage.operator.metricsAddress());
    const fromS = Date.now() / 1000;
    await tell(stage, true);
    await trouble(stage);
    const toS = Date.now() / 1000;
    const data = new Map<Placed, Series[]>();
    const rows = layOut();
    for (const placed of rows.flatMap(({ panels }) => panels))
      data.set(placed, await dataOf(placed, prometheus, fromS, toS));
    const file = join(projectFolder, 'docs', 'dashboard.svg');
    await writeFile(
      file,
      draw(rows, (placed) => data.get(placed) ?? []),
    );
    print(file);
  } finally {
    await prometheus?.stop();
    await stage.clear();
  }
}

/** Thirty more integrations of a GitLab token that soon ends; GitHub does not answer for a while; a bad token. */
async function trouble({ run, world }: Stage): Promise<void> {
  const token = 'glpat-of-the-picture';
  const inTenDays = new Date(Date.now() + 10 * 24 * 3600_000).toISOString().slice(0, 10);
  world.gitlab.addToken({ token, username: 'ci-bot', expiresOn: inTenDays });
  const secret = (name: string, value: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'team-a' },
    stringData: { token: value },
  });
  const integration = (name: string, provider: string, secretName: string) => ({
    apiVersion: 'codemie.ai/v1alpha1',
    kind: 'GitIntegration',
    metadata: { name, namespace: 'team-a' },
    spec: { provider, project: 'demo', auth: { token: { secretRef: { name: secretName } } } },
  });
  const apply = (items: object[]) =>
    run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (let group = 0; group < 3; group += 1) {
    const names = Array.from({ length: 10 }, (_, each) => `service-${group}${each}`);
    await apply([secret('shared', token), ...names.map((name) => integration(name, 'GitLab', 'shared'))]);
    await sleep(8_000);
  }
  world.internet.setFault('api.github.com', { kind: 'refuse' });
  await apply([secret('late', 'ghp_late'), integration('late', 'GitHub', 'late')]);
  await sleep(25_000);
  world.internet.setFault('api.github.com', undefined);
  await sleep(20_000);
}

async function dataOf(
  { panel }: Placed,
  prometheus: PrometheusServer,
  fromS: number,
  toS: number,
): Promise<Series[]> {
  const found: Series[] = [];
  for (const { expr, legend } of panel.queries) {
    const filledIn = expr.replaceAll('$__rate_interval', '10s').replaceAll(/"\$\w+"/g, '".*"');
    const series = await prometheus.query(filledIn, fromS, toS);
    // Of numbers and tables only what is true at the end is shown.
    const shown =
      panel.kind === 'lines' ? series : series.filter(({ points }) => (points.at(-1)?.[0] ?? 0) > toS - 2);
    for (const each of shown)
      found.push({
        ...each,
        name: legend?.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => each.labels[label] ?? '') ?? '',
      });
  }
  return panel.kind === 'table' ? found.toSorted((a, b) => last(a) - last(b)) : found;
}

function last({ points }: Series): number {
  return points.at(-1)?.[1] ?? 0;
}

await main();
