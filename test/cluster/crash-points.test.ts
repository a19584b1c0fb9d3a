import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import { kinds } from '../harness/cluster.ts';
import type { CrashPoint } from '../harness/crash-point.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { gitHubIntegration, rowsOf, waitForConnection } from './objects.ts';
import { useSuite } from './suite.ts';

/*
 * Kills the operator at every point at which the world outside differs, and lets the next process find what the dead
 * one left: after each read, and when a write has been sent, which the server has carried out or not, and when it
 * has been answered. A request that was only made differs from the answer of the one before in nothing.
 */
const suite = useSuite({ running: false });
const preload = join(import.meta.dirname, '..', 'harness', 'crash-point.ts');

/**
 * What becomes of a GitIntegration, and the requests that it takes, in their order: the ends of their paths, with `*`
 * for what differs from round to round. A write to the API server may meet a conflict, and then all but the writes to
 * CodeMie may be there again.
 */
const acts = {
  create: [
    'GET secrets/*',
    'GET /user',
    'GET settings/project',
    'PATCH codemieconnections/own',
    'PATCH gitintegrations/acme',
    'POST settings/project',
    'GET settings/project',
    'PATCH acme/status',
  ],
  adopt: [
    'GET secrets/*',
    'GET /user',
    'GET settings/project',
    'PATCH codemieconnections/own',
    'PATCH gitintegrations/acme',
    'PUT project/*',
    'GET settings/project',
    'PATCH acme/status',
  ],
  update: [
    'GET secrets/*',
    'GET /user',
    'GET settings/project',
    'PUT project/*',
    'GET settings/project',
    'PATCH acme/status',
  ],
  delete: ['DELETE project/*', 'PATCH gitintegrations/acme'],
};

/** Reported in the background, or of the connection, whose reconciles have their own schedule. */
const ignored =
  '/events$|/codemieconnections/own/status$|/v1/(info|user)$|/token$|/secrets/login$|^GET .*/gitintegrations/';

/** One death: in the request `what` of its act, or in the second of that kind. */
interface Round {
  act: string;
  occurrence: 1 | 2;
  phase: CrashPoint['phase'];
  what: string;
}

const rounds: Round[] = Object.entries(acts).flatMap(([act, requests]) =>
  requests.flatMap((what, request) => {
    // What is read is the same in all acts.
    if (act !== 'create' && what.startsWith('GET ')) return [];
    const phases = what.startsWith('GET ') ? (['answered'] as const) : (['sent', 'answered'] as const);
    const occurrence = requests.indexOf(what) === request ? 1 : 2;
    return phases.map((phase) => ({ act, occurrence, phase, what }) as const);
  }),
);

/**
 * The requests of an act that are no repetition of an earlier one. A status counts by the last time that it is written:
 * an attempt that failed on the way, as on a slow machine, has written one, too.
 */
const firsts = (requests: readonly string[]): string[] => {
  const once = new Set(requests);
  if (once.delete(statusWrite)) once.add(statusWrite);
  return [...once];
};
const statusWrite = 'PATCH acme/status';
/** Those that change CodeMie, which are never repeated. */
const changes = (requests: readonly string[]): string[] =>
  requests.filter((what) => /^(POST|PUT|DELETE) /.test(what));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crash-points-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The Secret whose reading begins the act of a round. */
const secretOf = (round: number) => `token-${round}`;
const logOf = (round: number) => join(folder, `points-${round}`);

/** What the operator noted down, with the parts that differ replaced. */
async function pointsOf(round: number): Promise<{ phase: string; what: string }[]> {
  const lines = (await readFile(logOf(round), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return lines.map((line) => {
    // Written by the preload, in the shape of its type.
    const { method, path, phase }: CrashPoint = JSON.parse(line);
    return { phase, what: whatOf(method, path) };
  });
}

function whatOf(method: string, path: string): string {
  const end = path.split('/').slice(-2).join('/');
  return `${method} ${end.replace(/(?<=secrets\/).+|[0-9a-f-]{36}$/, '*')}`;
}

/** An expression that fits the requests that `whatOf` names so, as the preload writes them. */
function patternOf(what: string): string {
  const [method = '', end = ''] = what.split(' ');
  return `${method} .*/${end.replace(/^\//, '').replace('*', '[^/]+')}$`;
}

/** What runs, and for the death of which round. */
let current: { operator: OperatorProcess; round: number | undefined } | undefined;

/** Every request has these points, in this order. */
const phases: CrashPoint['phase'][] = ['created', 'sent', 'answered', 'finished'];

/** Lets an operator run that dies in that round, or one that lives. */
async function run(round: number | undefined): Promise<OperatorProcess> {
  if (current && current.round === round) return current.operator;
  await current?.operator.stop();
  const death = rounds[round ?? -1];
  const counted = round !== undefined && {
    CRASH_LOG: logOf(round),
    CRASH_COUNT_FROM: death?.act === 'delete' ? '^DELETE ' : `^GET .*/secrets/${secretOf(round)}$`,
    CRASH_IGNORE: ignored,
    ...(death && {
      CRASH_ONLY: patternOf(death.what),
      CRASH_AT: String((death.occurrence - 1) * phases.length + phases.indexOf(death.phase) + 1),
    }),
  };
  const env = { ...suite.world.operatorEnv, ...counted };
  const operator = await suite.start({ env, ...(counted && { preload }) });
  current = { operator, round };
  return operator;
}

async function storeToken(key: string): Promise<string> {
  const token = suite.secret('ghp_');
  suite.world.github.addToken({ token, login: 'octocat' });
  await suite.cluster.createSecret(key, { token });
  return token;
}

/** Makes a namespace with a connection that is Ready, so that it has no more part in what follows. */
async function prepare(): Promise<{ namespace: string; key: string }> {
  const namespace = await suite.team();
  await waitForConnection(suite.cluster, kinds.connection, `${namespace}/own`, { Ready: 'True/Ready' });
  return { namespace, key: `${namespace}/acme` };
}

const ready = (key: string) => suite.cluster.waitForConditions(key, { Ready: 'True/Ready', Reconciling: '' });
const createWith = (key: string, secret: string) =>
  suite.cluster.create(
    kinds.integration,
    gitHubIntegration(key, {
      auth: { token: { secretRef: { name: secret } } },
      adoptionPolicy: 'IfUnowned',
    }),
  );
/** The row that a user created before, which is adopted. */
const seedRow = (key: string) =>
  suite.world.codemie.seed({
    project: 'demo',
    alias: key,
    values: { url: 'https://github.com', name: 'bot', token: suite.secret('seeded') },
    user: suite.world.login,
  });
/** With a request, so that nothing that was read before counts. */
const useSecret = (key: string, name: string) =>
  suite.cluster.patch(kinds.integration, key, [
    { op: 'replace', path: '/spec/auth/token/secretRef/name', value: name },
    { op: 'add', path: '/metadata/annotations', value: { [RECONCILE_REQUESTED_ANNOTATION]: name } },
  ]);

/** Deletes everything of a round, so that nothing of it moves in the next. */
async function clear({ namespace, key }: { namespace: string; key: string }): Promise<void> {
  await suite.cluster.delete(kinds.integration, key);
  await suite.cluster.waitForGone(kinds.integration, key);
  expect(suite.world.codemie.rows(), 'rows after the end').toEqual([]);
  await suite.cluster.delete(kinds.connection, `${namespace}/own`);
  await suite.cluster.waitForGone(kinds.connection, `${namespace}/own`);
}

/** A round that failed leaves nothing to the next either. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await current?.operator.kill();
  current = undefined;
  await suite.cluster.clearNamespaces();
  for (const { id } of suite.world.codemie.rows()) suite.world.codemie.remove(id);
});

describe('the life of a GitIntegration', () => {
  it.each([
    { begin: 'create' as const, seed: false },
    { begin: 'adopt' as const, seed: true },
  ])(
    'that begins with $begin takes these requests, and changes CodeMie once each',
    async ({ begin, seed }) => {
      const round = seed ? -2 : -1;
      await run(round);
      const place = await prepare();
      const { namespace, key } = place;
      await storeToken(`${namespace}/${secretOf(round)}`);
      await storeToken(`${namespace}/next`);
      let seen = 0;
      const since = async () => {
        const points = await pointsOf(round);
        const created = points.slice(seen).filter(({ phase }) => phase === 'created');
        seen = points.length;
        return created.map(({ what }) => what);
      };
      if (seed) seedRow(key);
      await createWith(key, secretOf(round));
      await ready(key);
      const begun = await since();
      expect([firsts(begun), changes(begun)]).toEqual([firsts(acts[begin]), changes(acts[begin])]);
      await useSecret(key, 'next');
      await ready(key);
      const updated = await since();
      expect([firsts(updated), changes(updated)]).toEqual([firsts(acts.update), changes(acts.update)]);
      await suite.cluster.delete(kinds.integration, key);
      await suite.cluster.waitForGone(kinds.integration, key);
      // A listing comes before, and the connection is released in its own time.
      const ended = await since();
      expect(firsts(ended)).toEqual(expect.arrayContaining(acts.delete));
      expect(changes(ended)).toEqual(changes(acts.delete));
      await clear(place);
    },
  );
});

describe('an operator that is killed', () => {
  it.each(rounds.map((round, index) => ({ ...round, index })))(
    'in $act when $what is $phase leaves nothing that the next one does not settle',
    async ({ act, what, phase, index }) => {
      const dying = await run(index);
      const place = await prepare();
      const { namespace, key } = place;
      const first = act === 'create' || act === 'adopt' ? secretOf(index) : 'first';
      let token = await storeToken(`${namespace}/${first}`);
      if (act === 'adopt') seedRow(key);
      await createWith(key, first);
      if (first === 'first') await ready(key);
      const [before] = act === 'create' ? [] : suite.world.codemie.rows();
      if (act === 'update') {
        token = await storeToken(`${namespace}/${secretOf(index)}`);
        await useSecret(key, secretOf(index));
      }
      if (act === 'delete') await suite.cluster.delete(kinds.integration, key);

      expect((await dying.exited).signal).toBe('SIGKILL');
      expect(await pointsOf(index)).toEqual([{ what, phase }]);
      current = undefined;
      const next = rounds[index + 1];
      // The operator of the next round clears this one up, unless that is what it is to die of.
      await run(next && next.act !== 'delete' ? index + 1 : undefined);

      if (act !== 'delete') await expectOneRow(key, token, before?.id);
      await clear(place);
    },
  );
});

/** @param id which one it must be; undefined where there was none before */
async function expectOneRow(key: string, token: string, id: string | undefined): Promise<void> {
  const { status } = await ready(key);
  const rows = suite.world.codemie.rows();
  expect(rows).toHaveLength(1);
  expect(rows).toEqual(rowsOf(suite.world, key));
  expect(rows[0]?.credential_values).toContainEqual({ key: 'token', value: token });
  expect(rows[0]?.id).toBe(status.registration?.id);
  expect(rows[0]?.id).toBe(id ?? rows[0]?.id);
}
