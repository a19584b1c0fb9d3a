import { readFile } from 'node:fs/promises';
import { fetch, ProxyAgent } from 'undici';
import { z } from 'zod';
import { defaultScope } from '../../src/codemie/auth.ts';
import { toRequestBody } from '../../src/codemie/row.ts';
import { inParallel } from '../../test/harness/parallel.ts';
import { operatorClientId } from '../../test/harness/world.ts';
import { spreadTable } from './figures.ts';
import { type Peers, startPeers } from './peers-process.ts';
import { newToken, projectNames } from './population.ts';
import { measureColdStart, type Stage } from './round.ts';

/** One round at a CodeMie that creates so many integrations a second. */
export interface PaceFigures {
  /** The same creates in a loop that does nothing else, in milliseconds. */
  bareMs: number;
  /** From the start of the operator until all are Ready, in milliseconds. */
  operatorMs: number;
}

/** Creates at the same time, in the bare loop: enough that CodeMie always has the next one. */
const width = 16;
const callTimeoutMs = 120_000;

const tokenAnswer = z.object({ access_token: z.string() });

/**
 * Measures how much longer the operator takes than CodeMie itself, where CodeMie is as slow as a real one: it carries
 * out one create after the other. The bare loop and the operator take turns.
 *
 * @param n integrations @param createsPerSecond of CodeMie
 */
export async function benchCodeMiePace(
  stage: Stage,
  options: { n: number; workers: number; repeats: number; createsPerSecond: number },
  signal: AbortSignal,
): Promise<PaceFigures[]> {
  const { clientSecret } = stage;
  const { n, workers, repeats, createsPerSecond } = options;
  const figures: PaceFigures[] = [];
  for (let round = 0; round < repeats; round += 1) {
    signal.throwIfAborted();
    const names = { bare: `bare-${round}`, work: `work-${round}` };
    const bareProjects = projectNames(names.bare, n);
    const projects = [...bareProjects, ...projectNames(names.work, n)];
    const peers = await startPeers(clientSecret, projects, createsPerSecond);
    try {
      const bareMs = await measureBare(peers, stage, bareProjects);
      figures.push({
        bareMs,
        operatorMs: await measureColdStart(peers, stage, { n, workers, prefix: names.work }),
      });
    } finally {
      await peers.stop();
    }
  }
  return figures;
}

/** How long the creates alone take, in milliseconds. */
async function measureBare(
  peers: Peers,
  { clientSecret, progress }: Stage,
  projects: readonly string[],
): Promise<number> {
  progress.step(`Create ${projects.length} integrations in CodeMie, in a bare loop`);
  const token = await newToken(peers);
  const { HTTPS_PROXY: uri = '', CODEMIE_OPERATOR_CA_FILE: caFile = '' } = peers.operatorEnv;
  const dispatcher = new ProxyAgent({ uri, requestTls: { ca: await readFile(caFile, 'utf8') } });
  const post = async (url: string, headers: Record<string, string>, body: string | URLSearchParams) => {
    const response = await fetch(url, {
      method: 'POST',
      dispatcher,
      headers,
      body,
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${url} was answered with ${response.status}: ${text}`);
    return text;
  };
  const grant = {
    grant_type: 'client_credentials',
    client_id: operatorClientId,
    client_secret: clientSecret,
    scope: defaultScope,
  };
  const { access_token: bearer } = tokenAnswer.parse(
    JSON.parse(await post(peers.tokenUrl, {}, new URLSearchParams(grant))),
  );
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const values = Object.entries({ url: 'https://github.com', auth_type: 'pat', name: 'oauth2', token }).map(
    ([key, value]) => ({ key, value }),
  );
  const startedMs = performance.now();
  await inParallel(
    0,
    projects.length,
    async (index) => {
      const setting = {
        scope: 'Project' as const,
        project: projects[index] ?? '',
        alias: 'bare',
        isGlobal: false,
        values,
      };
      const url = `${peers.codemieUrl}/v1/settings/project`;
      await post(url, headers, toRequestBody(setting, setting.project));
    },
    width,
  );
  const tookMs = performance.now() - startedMs;
  await dispatcher.close();
  return tookMs;
}

/** The most that the operator may add to what CodeMie takes. */
const budget = 1.1;

/** The figures as lines: minimum, median and maximum of each. */
export function paceTable(figures: readonly PaceFigures[]): string {
  const table = spreadTable(figures, [
    { name: 'bare loop: the creates alone', of: ({ bareMs }) => bareMs / 1_000, unit: 's' },
    { name: 'cold start until all are Ready', of: ({ operatorMs }) => operatorMs / 1_000, unit: 's' },
    { name: 'the second over the first', of: ({ operatorMs, bareMs }) => operatorMs / bareMs },
  ]);
  return `${table}\nBudget of the ratio: ${budget}`;
}
