import { setTimeout as sleep } from 'node:timers/promises';
import { RECONCILE_REQUESTED_ANNOTATION } from '../../src/api/group.ts';
import { kinds } from '../harness/cluster.ts';
import { findLeaks } from '../harness/leaks.ts';
import { startPatience, stretched } from '../harness/pace.ts';
import { type Fault, findFaults, readIntegrations } from './oracles.ts';
import type { Action, Plan, Step, Team, Trouble } from './plan.ts';
import { isRunning, openScene, type Scene, type StormCluster } from './scene.ts';
import { calmDown, trouble } from './troubles.ts';
import { act, type Deeds, noDeeds } from './users.ts';

/** What a storm came to. */
export interface Outcome {
  /** What was wrong in the calm after a round; empty: nothing. */
  faults: string[];
  /** The round, from 0; undefined if nothing was wrong. */
  round?: number;
  /** What the operators wrote to their log. */
  output: string;
}

/** How long an operator may need where nothing is wrong any more, before it is asked to check everything. */
const selfHealingMs = 20_000;
/** And from then on. The longest pause that it makes before it asks a server again is two minutes. */
const patienceMs = 150_000;
const askAgainMs = 40_000;
const pollMs = 250;
const quietMs = 1_500;

/**
 * Lets a plan happen to a cluster with an operator, and checks everything in the calm after each round.
 *
 * @param log for people who wait
 */
export async function runStorm(
  plan: Plan,
  stormCluster: StormCluster,
  log: (line: string) => void = () => {},
): Promise<Outcome> {
  const scene = await openScene(stormCluster, log);
  const deeds = noDeeds();
  const output = (): string => scene.operators.map((operator) => operator.output()).join('');
  try {
    for (const [round, steps] of plan.entries()) {
      await rage(steps, scene, deeds);
      log(`round ${round + 1} is over`);
      await calmDown(scene);
      const faults = await findOut(scene, deeds, log);
      if (faults.length > 0) return { faults, round, output: output() };
    }
    return { faults: [], output: output() };
  } finally {
    await calmDown(scene);
    await scene.close();
  }
}

/** Lets everything of a round happen at its time. A team does one thing after the other; what goes wrong overlaps. */
async function rage(steps: readonly Step[], scene: Scene, deeds: Deeds): Promise<void> {
  const beganMs = performance.now();
  const over = new AbortController();
  const until = (atMs: number) => sleep(Math.max(0, beganMs + atMs - performance.now()));
  const troubles = steps.filter(isTrouble).map(async (step) => {
    await until(step.atMs);
    await trouble(step, scene, over.signal);
  });
  const busy = new Map<Team | 'person', Promise<void>>();
  for (const step of steps) {
    if (isTrouble(step)) continue;
    const who = 'team' in step ? step.team : 'person';
    const before = busy.get(who) ?? Promise.resolve();
    busy.set(
      who,
      before.then(async () => {
        await until(step.atMs);
        await act(step, scene, deeds);
      }),
    );
  }
  await Promise.all([...busy.values(), ...troubles]);
  over.abort();
}

const doings: ReadonlySet<string> = new Set<Action['do']>([
  'create',
  'edit',
  'delete',
  'rotate',
  'remove secret',
  'make by hand',
  'change by hand',
  'remove by hand',
]);

function isTrouble(step: Step): step is Step & Trouble {
  return !doings.has(step.do);
}

/** Waits until everything holds. @returns what is not, at the end */
async function findOut(scene: Scene, deeds: Deeds, log: (line: string) => void): Promise<string[]> {
  // What a user did in CodeMie is found at an interval, which is longer than this.
  const own = (fault: Fault): boolean => !deeds.touched.has(fault.key);
  const unsettled = await settle(scene, deeds, selfHealingMs, own);
  for (const { text } of unsettled) log(`not settled without being asked: ${text}`);
  const lies = unsettled.filter(({ isLie }) => isLie === true);
  if (lies.length > 0) return lies.map(({ text }) => `without being asked: ${text}`);
  await askForAll(scene);
  let faults: Fault[] = [];
  const isOver = startPatience(patienceMs);
  do {
    faults = await settle(scene, deeds, askAgainMs);
    for (const { text } of faults) log(`not settled: ${text}`);
    if (faults.length > 0) await askForAll(scene);
  } while (faults.length > 0 && !isOver());
  deeds.touched.clear();
  const exits = scene.operators
    .filter((operator) => !isRunning(operator) && !scene.askedToEnd.has(operator))
    // One that never got to work may give up: it is started again.
    .filter((operator) => operator.output().includes('Caches are synced'))
    .map((operator) => `an operator has exited: ${operator.output().trim().split('\n').slice(-2).join(' ')}`);
  const leaks = await findLeaks(scene.cluster, new Map(), scene.operators, scene.guarded);
  const { refusedHosts } = scene.world.internet;
  return [
    ...faults.map(({ text }) => text),
    ...(faults.length === 0 ? await findUnrest(scene) : []),
    ...exits,
    ...leaks.map((place) => `a secret is in ${place}`),
    ...refusedHosts.map((host) => `${host} was asked for`),
  ];
}

/** Waits until everything holds, at most so long on a quiet machine. @returns what is not, at the end */
async function settle(
  scene: Scene,
  deeds: Deeds,
  withinMs: number,
  counts: (fault: Fault) => boolean = () => true,
): Promise<Fault[]> {
  const isOver = startPatience(withinMs);
  for (;;) {
    const faults = (await findFaults(scene, deeds)).filter(counts);
    if (faults.length === 0 || isOver()) return faults;
    await sleep(pollMs);
  }
}

/** Asks for a reconcile of every integration, as users do. */
async function askForAll(scene: Scene): Promise<void> {
  const value = new Date().toISOString();
  for (const { key, object } of await readIntegrations(scene)) {
    const annotations = { ...object.metadata.annotations, [RECONCILE_REQUESTED_ANNOTATION]: value };
    // One that has gone in the meantime needs none.
    await scene.cluster
      .patch(kinds.integration, key, [{ op: 'add', path: '/metadata/annotations', value: annotations }])
      .catch(() => {});
  }
}

/** Waits until nothing is written any more. */
async function findUnrest(scene: Scene): Promise<string[]> {
  const isOver = startPatience(30_000);
  let before = await writesOf(scene);
  for (;;) {
    await sleep(stretched(quietMs));
    const now = await writesOf(scene);
    if (JSON.stringify(now) === JSON.stringify(before)) return [];
    if (isOver()) return [`it does not come to rest: ${JSON.stringify({ before, now })}`];
    before = now;
  }
}

async function writesOf(scene: Scene): Promise<string[]> {
  const versions = (await readIntegrations(scene)).map(
    ({ key, object }) => `${key} ${object.metadata.resourceVersion}`,
  );
  const { requests } = scene.world.internet;
  const writes = requests.filter(
    ({ method, path }) => method !== 'GET' && path.includes('/settings/'),
  ).length;
  return [...versions, `writes to CodeMie: ${writes}`];
}
