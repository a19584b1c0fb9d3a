import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const preload = join(import.meta.dirname, 'crash-point.ts');
const undici = import.meta.resolve('undici');

/** Reads a list, watches it, and posts: what an operator does, in small. */
const program = (origin: string): string => `
  import { request } from '${undici}';
  for (const [method, path] of [['GET', '/items'], ['GET', '/items?watch=1'], ['POST', '/items?dryRun=All'], ['POST', '/events'], ['GET', '/items/a']]) {
    const { body } = await request('${origin}' + path, { method, ...(method === 'POST' ? { body: '{}' } : {}) });
    await body.dump();
  }
`;

let dir: string;
let received: string[];
let origin: string;
const server = createServer((request, response) => {
  received.push(`${request.method} ${request.url}`);
  request.resume().on('end', () => response.end('{}'));
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crash-point-'));
  received = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  await rm(dir, { recursive: true });
});

async function run(env: Record<string, string>): Promise<{ signal: string | null; points: string[] }> {
  const script = join(dir, 'program.mjs');
  await writeFile(script, program(origin));
  const log = join(dir, 'points');
  const child = spawn(process.execPath, ['--import', preload, script], {
    env: { CRASH_LOG: log, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'close');
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  const points = lines
    .filter((line) => line !== '')
    .map((line) => {
      const { point, phase, method, path } = JSON.parse(line);
      return `${point} ${phase} ${method} ${path}`;
    });
  return { signal: child.signalCode, points };
}

it('only records when there is no point to die at, without watches and queries', async () => {
  const { signal, points } = await run({ CRASH_IGNORE: '/events$' });
  expect(signal).toBeNull();
  expect(points).toEqual([
    '1 created GET /items',
    '2 sent GET /items',
    '3 answered GET /items',
    '4 finished GET /items',
    '5 created POST /items',
    '6 sent POST /items',
    '7 answered POST /items',
    '8 finished POST /items',
    '9 created GET /items/a',
    '10 sent GET /items/a',
    '11 answered GET /items/a',
    '12 finished GET /items/a',
  ]);
});

it.each([
  { phase: 'created', at: '1', arrived: false },
  { phase: 'answered', at: '3', arrived: true },
  { phase: 'finished', at: '4', arrived: true },
])('dies when the first counted request is $phase', async ({ phase, at, arrived }) => {
  const { signal, points } = await run({ CRASH_AT: at, CRASH_COUNT_FROM: '^POST http://[^/]+/items$' });
  expect(signal).toBe('SIGKILL');
  expect(points).toEqual([`${at} ${phase} POST /items`]);
  expect(received.includes('POST /items?dryRun=All')).toBe(arrived);
  expect(received).not.toContain('POST /events');
});

it('dies when a request is sent, whether the server has it or not', async () => {
  const { signal, points } = await run({ CRASH_AT: '2' });
  expect(signal).toBe('SIGKILL');
  expect(points).toEqual(['2 sent GET /items']);
});
