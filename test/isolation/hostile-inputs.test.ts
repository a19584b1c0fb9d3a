import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseConnectionStatus } from '../../src/api/v1alpha1/connection-status.ts';
import { KubeStatusError, KubeTransportError } from '../../src/kube/errors.ts';
import { kinds } from '../harness/cluster.ts';
import { inParallel } from '../harness/parallel.ts';
import { createCodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import { scaled } from '../harness/scale.ts';
import { operatorClientId } from '../harness/world.ts';
import { type HostileObject, hostileObjects, valueKeys } from './hostile/objects.ts';
import { hostileCodeMies, hostileHosts } from './hostile/servers.ts';
import { sharedProject, type Tenant } from './stage.ts';
import { expectUnharmed, underAttack, useStage } from './use-stage.ts';

/*
 * Thousands of objects within the CRDs that no sane person writes, by teams whose servers answer as badly as they can.
 * Other teams must not notice.
 */

/** `HOSTILE_SEED=… npm run test:isolation` repeats a run. */
const seed = Number(process.env['HOSTILE_SEED'] ?? randomInt(2 ** 31));
/** The seed differs from run to run, so that runs add up. */
const count = Number(process.env['HOSTILE_OBJECTS'] ?? scaled(2000));
/** Calls to the API server at the same time, as `kubectl apply` of some people. */
const writers = 6;

/** How long the others are watched after all is written: what waits for hostile servers needs its time to pile up. */
const lastingMs = 30 * count;

const basePath = '/code-assistant-api';
const own = createCodeMiePeer({ host: 'codemie.evil.example.com', basePath });
const hosts = hostileHosts();
const codemies = hostileCodeMies(own.handler, basePath);
const stage = useStage({ peers: [own, ...hosts, ...codemies] });

/** A team that attacks, with a token that its own CodeMie servers accept and one that GitHub accepts. */
async function attacker(name: string, consumer: boolean): Promise<Tenant> {
  const team = await stage.tenant(name, { consumer });
  const everywhere = (text: string) => Object.fromEntries(valueKeys.map((key) => [key, text]));
  await team.create(kinds.secret, 'token', { stringData: everywhere(stage.gitHubToken()) });
  const token = stage.secret('codemie');
  own.addToken(token, own.addUser({ username: name, projectAdminOf: [sharedProject] }));
  await team.create(kinds.secret, 'codemie', { stringData: everywhere(token) });
  return team;
}

/** Lets the shared connection send credentials to the attackers' hosts, as an administrator does who trusts them. */
async function allowHostileHosts(): Promise<void> {
  const providerHosts = ['github.com', 'api.github.com', 'gitlab.com', 'bitbucket.org', '*.evil.example.com'];
  await stage.cluster.patch(kinds.clusterConnection, 'default', [
    { op: 'add', path: '/spec/providerHosts', value: providerHosts },
  ]);
}

/** Creates the object, or replaces what is under its name. The code is that of a refusal. */
async function write(team: Tenant, { kind, name, metadata, fields, doomed }: HostileObject): Promise<number> {
  try {
    await team.create(kind, name, { metadata, ...fields }).catch(async (error: unknown) => {
      if (!(error instanceof KubeStatusError) || error.code !== 409) throw error;
      const operations = Object.entries(fields).map(([field, value]) => ({
        op: 'add' as const,
        path: `/${field}`,
        value,
      }));
      await team.patch(kind, name, operations);
    });
    if (doomed) await team.delete(kind, name);
    return 200;
  } catch (error) {
    if (error instanceof KubeStatusError) return error.code;
    // No answer in time: the API server has much to do, too.
    if (error instanceof KubeTransportError) return 0;
    throw error;
  }
}

/** How long a bystander waits for an operator that has just been started, while there is nothing else to do. */
async function afterRestart(): Promise<number> {
  await stage.bystander();
  await stage.operator.stop();
  stage.operator = await stage.start();
  return await stage.bystander();
}

/** How often Ready has which reason, of integrations and connections. */
async function reasonsOf(teams: readonly Tenant[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { namespace } of teams)
    for (const kind of [kinds.integration, kinds.connection])
      for (const { status } of await stage.cluster.list(kind, namespace)) {
        const ready = parseConnectionStatus(status).conditions?.find(({ type }) => type === 'Ready');
        const reason = `${kind.kind}/${ready?.reason ?? 'none'}`;
        counts[reason] = (counts[reason] ?? 0) + 1;
      }
  return counts;
}

it('survives hostile objects and servers, and serves the others', { timeout: 1_200_000 }, async () => {
  console.log(`HOSTILE_SEED=${seed} HOSTILE_OBJECTS=${count}`);
  own.addProject(sharedProject);
  await allowHostileHosts();
  const teams = [
    await attacker('team-a', true),
    await attacker('team-b', true),
    await attacker('team-c', false),
  ];
  const surroundings = {
    canaries: Array.from({ length: 30 }, () => stage.gitHubToken()),
    hosts: hosts.map(({ name }) => name),
    codemieUrls: [own, ...codemies].map(({ name, hosts: [host = name] }) => `https://${host}${basePath}`),
    tokenURL: stage.world.oidc.tokenUrl,
    clientID: operatorClientId,
  };
  const restart = await afterRestart();
  const objects = fc.sample(hostileObjects(surroundings), { seed, numRuns: count });
  const answers = new Map<number, number>();

  const report = await underAttack(
    stage,
    () =>
      inParallel(
        0,
        objects.length,
        async (index) => {
          const [object, team] = [objects[index], teams[index % teams.length]];
          if (object === undefined || team === undefined) return;
          const code = await write(team, object);
          answers.set(code, (answers.get(code) ?? 0) + 1);
        },
        writers,
      ),
    { bystanders: 5, lastingMs },
  );
  console.log(`Answers of the API server: ${JSON.stringify(Object.fromEntries(answers))}`);
  console.log(JSON.stringify(report));
  const reasons = await reasonsOf(teams);
  console.log(`Reasons of Ready: ${JSON.stringify(reasons)}`);
  // Refusals are fine, as long as enough gets in to be an attack, and no answer is the API server's own failure.
  expect(answers.get(200)).toBeGreaterThan(count / 2);
  expect([...answers.keys()].filter((code) => code >= 500)).toEqual([]);
  // It got deep: to what is wrong with values, hosts and answers, not only with references.
  // Fewer objects meet fewer reasons.
  expect(Object.keys(reasons).length).toBeGreaterThan(Math.min(20, count / 40));
  const asked = [...hosts, ...codemies].filter(({ requests }) => requests.length > 0);
  const servers = hosts.length + codemies.length;
  console.log(`Hostile servers that were asked: ${asked.length} of ${servers}`);
  expect(asked.length).toBeGreaterThan(Math.min(servers / 2, count / 60));
  expectUnharmed(stage, report);

  // All of it is met again by a new process, which has them all at once.
  await stage.operator.stop();
  stage.operator = await stage.start();
  const again = await underAttack(stage, () => Promise.resolve(), { atRest: restart });
  console.log(JSON.stringify(again));
  expectUnharmed(stage, again);
});
