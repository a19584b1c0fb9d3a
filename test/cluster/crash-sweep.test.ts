import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest';
import { gitIntegrations, RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { createInformer } from '../../src/kube/informer.ts';
import { silentLog } from '../../src/kube/log.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { isReady } from '../faults/ready.ts';
import { kinds } from '../harness/cluster.ts';
import type { CrashPoint } from '../harness/crash-point.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { startPatience } from '../harness/pace.ts';
import { drop, gatewayError, type Played } from '../harness/peers/codemie/faults.ts';
import type { ApiRequest } from '../harness/peers/codemie/http.ts';
import { pick, randomNumbers } from '../harness/random.ts';
import { scaled } from '../harness/scale.ts';
import { gitHubIntegration, rowsOf, storeGitHubToken } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * Many GitIntegrations are created, changed, adopted and deleted while the operator is killed again and again, always
 * in the middle of some request, and while CodeMie is slow, hangs up or answers 500, mostly after it has done what it
 * was asked. In the end CodeMie holds exactly what the cluster says. `crash-points.test.ts` goes through the points one
 * by one; here they meet each other and the faults.
 *
 * What one object meets depends on its seed alone. CRASH_SWEEP_SEED is the first of them.
 */
const firstSeed = Number(process.env['CRASH_SWEEP_SEED'] ?? 1);
const seeds = Array.from({ length: Math.max(50, scaled(200)) }, (_, index) => firstSeed + index);
/** How long one may take to come through it all, on a quiet machine. */
const patienceMs = 200_000;

const suite = useSuite({ running: false });
const preload = join(import.meta.dirname, '..', 'harness', 'crash-point.ts');
let folder: string;
let namespace: string;
let tokens: { first: string; second: string };

beforeAll(async () => {
  const { cluster, world } = suite;
  folder = await mkdtemp(join(tmpdir(), 'crash-sweep-'));
  namespace = await cluster.createNamespace('sweep');
  tokens = {
    first: await storeGitHubToken(suite, `${namespace}/first`),
    second: await storeGitHubToken(suite, `${namespace}/second`),
  };
  await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace },
    spec: {
      url: world.codemie.url,
      auth: clientCredentials(world, 'login'),
      limits: { concurrency: 16, requestsPerSecond: 1000 },
    },
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** The life of one object, and what CodeMie is to hold in the end. */
interface Life {
  seed: number;
  key: string;
  act: 'create' | 'update' | 'adopt' | 'delete';
  /** Its names in CodeMie: at first, and in the end. */
  aliases: [string, string];
  /** What becomes of its writes to CodeMie, in their order; later ones are carried out. */
  faults: (Played | undefined)[];
  /** The id that it had first. */
  id?: string;
}

const outcomes = [
  drop('afterCommit'),
  gatewayError(500, 'afterCommit'),
  gatewayError(504, 'afterCommit'),
  drop('beforeCommit'),
  gatewayError(500, 'beforeCommit'),
] as const;

function lifeOf(seed: number): Life {
  const random = randomNumbers(seed);
  const act = pick<Life['act']>(random, ['create', 'update', 'adopt', 'delete']);
  const alias = `seed ${seed}`;
  const renamed = act === 'update' && random() < 0.5;
  const faults = Array.from({ length: 3 }, () => {
    const slowMs = random() * 150;
    const outcome = random() < 0.5 ? pick(random, outcomes) : undefined;
    const before = (): Promise<void> => sleep(slowMs);
    return { ...(random() < 0.5 && { before }), ...(outcome && { outcome }) };
  });
  const aliases: Life['aliases'] = [alias, renamed ? `${alias} renamed` : alias];
  return { seed, key: `${namespace}/seed-${seed}`, act, aliases, faults };
}

/** Plays the faults of each life to its own writes. */
function playFaults(lives: readonly Life[]): void {
  const { codemie } = suite.world;
  const aliasOf = ({ method, path, body }: ApiRequest): string | undefined => {
    if (method === 'DELETE') return codemie.rows().find(({ id }) => path.endsWith(id))?.alias;
    const sent: unknown = JSON.parse(body);
    return typeof sent === 'object' && sent && 'alias' in sent ? String(sent.alias) : undefined;
  };
  codemie.faults.decide((request) => {
    if (request.method === 'GET') return undefined;
    const alias = aliasOf(request);
    return lives.find(({ aliases }) => alias !== undefined && aliases.includes(alias))?.faults.shift();
  });
}

/** Where an operator dies: in the middle of one of the first requests of a kind. */
const aims: [request: string, among: number][] = [
  ['GET .*api.github.com/user$', 2],
  ['POST .*/v1/settings/project$', 60],
  ['PATCH .*/gitintegrations/[^/]+$', 60],
  ['PUT .*/v1/settings/project/', 30],
  ['GET .*/v1/settings/project$', 10],
  ['PATCH .*/gitintegrations/[^/]+/status$', 100],
  ['DELETE .*/v1/settings/project/', 15],
  ['GET .*/secrets/(first|second)$', 300],
  ['GET .*/v1/projects/', 1],
];

/** After so many deaths one operator lives: each aim has its turn. */
const mostDeaths = Math.max(aims.length, scaled(2 * aims.length));

/** Lets one operator after the other run and die, until no crash point is left; the last one lives. */
async function killAgainAndAgain(over: Promise<unknown>): Promise<string[]> {
  const random = randomNumbers(firstSeed);
  const ended = new AbortController();
  const end = over.finally(() => ended.abort());
  const log = join(folder, 'deaths');
  for (let deaths = 0; !ended.signal.aborted && deaths < mostDeaths; deaths += 1) {
    const [request, among] = aims[deaths % aims.length] ?? ['', 1];
    const env = {
      ...suite.world.operatorEnv,
      CRASH_LOG: log,
      CRASH_IGNORE: `^(?!${request})`,
      CRASH_AT: String(1 + Math.floor(random() * among * 4)),
    };
    const operator = await suite.start({ env, preload, waitUntilReady: false, args: operatorArgs() });
    await Promise.race([operator.exited, end, afterAWhile(operator)]);
    // What it was to die of did not come: it dies of something else.
    await operator.kill();
  }
  await suite.start({ args: operatorArgs() });
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    // Written by the preload, in the shape of its type.
    const { method, path, phase }: CrashPoint = JSON.parse(line);
    return `${method} ${path} ${phase}`;
  });
}

/** Some time after an operator has begun to work. */
async function afterAWhile(operator: OperatorProcess): Promise<void> {
  while (!operator.output().includes('Caches are synced')) await sleep(100);
  await sleep(3_000);
}

const operatorArgs = () => [
  '--operator-namespace',
  suite.system,
  '--cluster-name',
  suite.system,
  '--workers=16',
];

/** One watch of what the cluster holds, for all who wait for something of it. */
function observe() {
  const { client } = suite.cluster;
  const informer = createInformer({
    client,
    resource: gitIntegrations,
    namespaces: [namespace],
    log: silentLog,
  });
  const waiting = new Set<(late: boolean) => void>();
  const isOver = startPatience(patienceMs);
  const stopping = new AbortController();
  const watching = informer.run(stopping.signal);
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      const late = isOver();
      for (const check of waiting) check(late);
      await sleep(100);
    }
  })();
  return {
    waitFor: (key: string, fits: (object: KubeObject | undefined) => boolean) =>
      new Promise<void>((resolve, reject) => {
        const check = (late: boolean): void => {
          const object = informer.store.get(key);
          if (!fits(object) && !late) return;
          waiting.delete(check);
          if (fits(object)) resolve();
          else reject(new Error(`Waited in vain. Last seen of ${key}: ${JSON.stringify(object)}`));
        };
        waiting.add(check);
      }),
    stop: () => {
      stopping.abort();
      return Promise.all([watching, looking]);
    },
  };
}

it(`${seeds.length} objects survive operators that are killed and a CodeMie that fails`, async () => {
  const { cluster, world } = suite;
  const lives = seeds.map(lifeOf);
  playFaults(lives);
  const person = world.codemie.addUser({ username: 'person', projectAdminOf: ['demo'] });
  const observer = observe();
  const ready = (key: string) => observer.waitFor(key, (object) => object !== undefined && isReady(object));
  const auth = (secret: string) => ({ token: { secretRef: { name: secret } } });

  async function live(life: Life): Promise<void> {
    const { key, act, aliases } = life;
    const [alias, last] = aliases;
    if (act === 'adopt') {
      const values = { url: 'https://github.com', token: suite.secret('theirs') };
      life.id = world.codemie.seed({ project: 'demo', alias, values, user: person }).id;
    }
    const adoptionPolicy = act === 'adopt' ? 'IfUnowned' : 'Never';
    await cluster.create(
      kinds.integration,
      gitHubIntegration(key, { alias, adoptionPolicy, auth: auth('first') }),
    );
    await ready(key);
    const object = await cluster.get(kinds.integration, key);
    life.id ??= parseGitIntegrationStatus(object?.['status']).registration?.id ?? 'none';
    if (act === 'update') {
      await cluster.patch(kinds.integration, key, [
        { op: 'replace', path: '/spec/alias', value: last },
        { op: 'replace', path: '/spec/auth', value: auth('second') },
      ]);
      await observer.waitFor(key, (seen) => seen?.metadata.generation === 2 && isReady(seen));
    }
    if (act === 'delete') {
      await cluster.delete(kinds.integration, key);
      await observer.waitFor(key, (seen) => seen === undefined);
    }
  }

  const all = Promise.all(lives.map(live));
  const deaths = await killAgainAndAgain(all);
  onTestFailed(() => console.error(['The operators died of', ...deaths].join('\n')));
  await all;
  // The last operator checks everything once more, and finds nothing to do.
  const alive = lives.filter(({ act }) => act !== 'delete');
  await Promise.all(
    alive.map(({ key }) =>
      cluster.patch(kinds.integration, key, [
        { op: 'add', path: '/metadata/annotations', value: { [RECONCILE_REQUESTED_ANNOTATION]: 'last' } },
      ]),
    ),
  );
  for (const { key } of alive)
    await observer.waitFor(
      key,
      (seen) => parseGitIntegrationStatus(seen?.['status']).lastHandledReconcileAt === 'last',
    );
  await observer.stop();

  const held = lives.map(({ seed, key }) => ({
    seed,
    rows: rowsOf(world, key).map(({ id, alias, credential_values: values }) => ({
      id,
      alias,
      token: values.find((value) => value.key === 'token')?.value,
    })),
  }));
  const wanted = lives.map(({ seed, act, id, aliases: [, alias] }) => ({
    seed,
    rows: act === 'delete' ? [] : [{ id, alias, token: act === 'update' ? tokens.second : tokens.first }],
  }));
  expect(held).toEqual(wanted);
  expect(world.codemie.rows()).toHaveLength(alive.length);
  expect(deaths.length).toBeGreaterThan(0);
});
