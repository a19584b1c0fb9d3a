import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../../test/harness/control-plane/ports.ts';
import { startProcess } from '../../test/harness/control-plane/processes.ts';
import { debianTool } from '../../test/harness/debian-tool.ts';
import type { Series } from './draw.ts';

/** A Prometheus that scrapes one target each second. */
export interface PrometheusServer {
  /** What a query gives for each second from then to now. Times in seconds since 1970. */
  query(expr: string, fromS: number, toS: number): Promise<Series[]>;
  stop(): Promise<void>;
}

const answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string().transform(Number)])),
      }),
    ),
  }),
});

/** Starts the Prometheus of the Debian package, with the scrape that docs/monitoring.md shows. */
export async function startPrometheus(target: string): Promise<PrometheusServer> {
  const { path, env } = await debianTool({ program: 'prometheus', packages: ['prometheus'] });
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const address = `127.0.0.1:${await freePort()}`;
  const scrape = {
    job_name: 'codemie-git-operator',
    honor_labels: true,
    static_configs: [{ targets: [target], labels: { pod: 'operator-0' } }],
  };
  const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [scrape] };
  await writeFile(join(folder, 'prometheus.yml'), stringify(config));
  const server = await startProcess({
    name: 'prometheus',
    command: path,
    args: [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    cwd: folder,
    env,
    output: () => {},
    removeIfOrphaned: folder,
  });
  while (
    !(await fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (!server.running()) throw new Error('Prometheus ended at its start.');
    await sleep(100);
  }
  return {
    async query(expr, fromS, toS) {
      const query = new URLSearchParams({ query: expr, start: String(fromS), end: String(toS), step: '1' });
      const response = await fetch(`http://${address}/api/v1/query_range?${query.toString()}`);
      if (!response.ok) throw new Error(`Prometheus answers ${response.status} to ${expr}`);
      const { data } = answer.parse(await response.json());
      return data.result.map(({ metric, values }) => ({ labels: metric, name: '', points: values }));
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
