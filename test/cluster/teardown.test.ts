import { expect, it } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { inParallel } from '../harness/parallel.ts';
import { scaled } from '../harness/scale.ts';
import { gitHubIntegration, makeClusterConnection, rowsOf } from './objects.ts';
import { clientCredentials, useSuite } from './suite.ts';

/*
 * Namespaces go down with everything that is in them, in an unknown order: the namespace controller deletes
 * kind by kind, and people delete some of it before. What a namespace holds and loses first depends on its number.
 */
const suite = useSuite();
const numbers = Array.from({ length: Math.max(25, scaled(100)) }, (_, number) => number);
/** Deleted one after the other before the namespace is. */
const before = [
  [],
  ['login'],
  ['token', 'login'],
  ['own', 'login'],
  ['login', 'acme'],
  ['acme', 'own'],
  ['own'],
];

/** What is in a namespace, and what of it is in CodeMie in the end. */
interface Team {
  namespace: string;
  key: string;
  stays: boolean;
}

async function makeTeam(number: number, shared: string, token: string): Promise<Team> {
  const { cluster, world } = suite;
  const namespace = await cluster.createNamespace('teardown');
  const key = `${namespace}/acme`;
  const stays = number % 11 === 0;
  const connectionRef = number % 5 === 0 ? { name: shared } : { kind: 'CodeMieConnection', name: 'own' };
  const spec = { connectionRef, deletionPolicy: stays ? 'Orphan' : 'Delete' };
  await cluster.createSecret(`${namespace}/login`, { clientSecret: world.clientSecret });
  await cluster.createSecret(`${namespace}/token`, { token });
  await cluster.create(kinds.connection, {
    metadata: { name: 'own', namespace },
    spec: { url: world.codemie.url, auth: clientCredentials(world, 'login') },
  });
  await cluster.create(kinds.integration, gitHubIntegration(key, spec));
  return { namespace, key, stays };
}

/** The others are Secrets. */
const kindOf = new Map([
  ['acme', kinds.integration],
  ['own', kinds.connection],
]);

async function tearDown({ namespace }: Team, number: number): Promise<void> {
  const { cluster } = suite;
  for (const name of before[number % before.length] ?? []) {
    await cluster.delete(kindOf.get(name) ?? kinds.secret, `${namespace}/${name}`);
  }
  await cluster.delete(kinds.namespace, namespace);
}

it(`${numbers.length} namespaces end, and nothing of them stays in CodeMie`, async () => {
  const { cluster, world } = suite;
  const token = suite.secret('ghp_');
  world.github.addToken({ token, login: 'octocat' });
  const shared = await makeClusterConnection(suite, {
    consumers: [{ namespaces: ['teardown-*'], projects: ['demo'] }],
  });
  const teams = new Map<number, Team>();
  await inParallel(0, numbers.length, async (number) => {
    teams.set(number, await makeTeam(number, shared, token));
  });
  for (const { key } of teams.values()) await cluster.waitForConditions(key, { Ready: 'True/Ready' });
  expect(world.codemie.rows()).toHaveLength(numbers.length);

  await inParallel(0, numbers.length, async (number) => {
    const team = teams.get(number);
    if (team) await tearDown(team, number);
  });
  for (const { namespace } of teams.values()) await cluster.waitForGone(kinds.namespace, namespace, 240_000);
  const left = [...teams.values()].filter(({ key }) => rowsOf(world, key).length > 0);
  expect(left.map(({ key }) => key)).toEqual(
    [...teams.values()].filter(({ stays }) => stays).map(({ key }) => key),
  );
  expect(await suite.operator.metrics()).toMatch(/registrations_orphaned_total 0/);
  expect(suite.operator.output()).not.toContain('"level":"error"');
});
