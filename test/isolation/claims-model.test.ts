import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseGitIntegrationStatus } from '../../src/api/v1alpha1/git-integration-status.ts';
import { discard } from '../cluster/objects.ts';
import { clientCredentials } from '../cluster/suite.ts';
import { kinds } from '../harness/cluster.ts';
import { inParallel } from '../harness/parallel.ts';
import type { CodeMiePeer } from '../harness/peers/codemie/codemie-peer.ts';
import type { ApiRequest } from '../harness/peers/codemie/http.ts';
import type { SettingRow } from '../harness/peers/codemie/setting.ts';
import { scaled } from '../harness/scale.ts';
import { sharedProject, type Tenant } from './stage.ts';
import { useStage } from './use-stage.ts';

/*
 * Teams that want each other's names create, rename, move, break, suspend and delete, while people edit CodeMie and the
 * operator is killed. Before CodeMie carries a write out, the test asks who owns the row: it changes its owner only
 * after its owner released it. `src/controllers/git-integration/claims.model.test.ts` does the same with the decisions
 * alone.
 */

/** `CLAIMS_SEED=… npm run test:isolation` repeats a run. */
const seed = Number(process.env['CLAIMS_SEED'] ?? randomInt(2 ** 31));
const count = Number(process.env['CLAIMS_SEQUENCES'] ?? scaled(200));
/** Sequences at the same time. Each has its own aliases. */
const atOnce = 8;

const stage = useStage();
const teams: Tenant[] = [];
/** Two ways to the same server, and another one. */
const ways = ['default', 'spelled', 'staging'];

beforeAll(async () => {
  for (const name of ['team-a', 'team-b']) {
    const team = await stage.tenant(name);
    await team.storeToken('token');
    await team.create(kinds.secret, 'bad', { stringData: { token: stage.secret('ghp_') } });
    teams.push(team);
  }
  const consumers = [{ namespaces: teams.map(({ namespace }) => namespace), projects: [sharedProject] }];
  const limits = { concurrency: 32, requestsPerSecond: 1000 };
  const { world, cluster } = stage;
  await cluster.create(kinds.clusterConnection, {
    metadata: { name: 'spelled' },
    spec: {
      url: `${world.codemie.url.replace('codemie.', 'CodeMie.')}/`,
      auth: clientCredentials(world, 'login'),
      consumers,
      limits,
    },
  });
  for (const name of ['default', 'staging'])
    await cluster.patch(kinds.clusterConnection, name, [{ op: 'add', path: '/spec/limits', value: limits }]);
});
afterAll(() => discard(stage.cluster, kinds.clusterConnection, 'spelled'));

interface Step {
  /** Of which object; each sequence has four, two of each team. */
  object: number;
  act: 'apply' | 'delete' | 'suspend' | 'strip' | 'wait';
  way: number;
  alias: number;
  policy: number;
  isOrphan: boolean;
  isGood: boolean;
  pauseMs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  object: fc.nat(3),
  act: fc.constantFrom('apply', 'apply', 'apply', 'apply', 'apply', 'delete', 'suspend', 'strip', 'wait'),
  way: fc.nat(2),
  alias: fc.nat(1),
  policy: fc.nat(2),
  isOrphan: fc.boolean(),
  isGood: fc.boolean(),
  pauseMs: fc.constantFrom(0, 0, 50, 400),
});

const markOf = (row: SettingRow): string => {
  const mark = row.credential_values.find(({ key }) => key === 'managed_by')?.value;
  return typeof mark === 'string' ? mark : '';
};

/** Who wrote a row last, whatever a user has done to its mark since. */
const owners = new Map<string, string>();
/** Rows whose mark a user has removed since: only the owner's status names them. */
const stripped = new Set<string>();
/** Writes to CodeMie that the operator made. */
let writes = 0;
/** The keys of objects that were sent to another server. */
const wanderers = new Set<string>();
const violations: string[] = [];

/** The key of the object that a mark names. */
const keyOf = (mark: string) => mark.split('/').slice(-2).join('/');

/** The object that a mark names, as it is now. */
async function ownerOf(mark: string) {
  return mark === '' ? undefined : await stage.cluster.get(kinds.integration, keyOf(mark));
}

/** Removes the marks of rows of that alias, as an administrator of the project can do in CodeMie. */
async function strip(alias: string): Promise<void> {
  for (const row of stage.world.codemie.rows()) {
    const mark = markOf(row);
    if (row.alias !== alias || mark === '') continue;
    // Before a status records a row, its mark is all that names the owner. Without it, it has none.
    const { registration } = parseGitIntegrationStatus((await ownerOf(mark))?.['status']);
    // Another may have written it while the status was read.
    if (registration?.id !== row.id || markOf(row) !== mark) continue;
    owners.set(row.id, mark);
    stripped.add(row.id);
    row.credential_values = row.credential_values.filter(({ key }) => key !== 'managed_by');
  }
}

/** Asks before each write to a row whether its owner has released it. */
function watchOwners(codemie: CodeMiePeer): void {
  const check = async ({ method, path, body }: ApiRequest): Promise<void> => {
    writes += 1;
    const id = path.split('/').at(-1) ?? '';
    const row = codemie.rows().find((each) => each.id === id);
    if (!row) return;
    const before = owners.get(id) ?? markOf(row);
    const after = method === 'PUT' ? (/codemie-git-operator\/[^"]+/.exec(body)?.[0] ?? '') : '';
    if (before === '' || before === after) {
      owners.set(id, after);
      stripped.delete(id);
      return;
    }
    const owner = await ownerOf(before);
    const { registration } = parseGitIntegrationStatus(owner?.['status']);
    // One that was sent to another server has released what its status does not name any more. So has one that moved to
    // another connection and another name while its row had no mark: it has got a new row, and left the old one there.
    const hasLeft = (wanderers.has(keyOf(before)) || stripped.has(id)) && registration?.id !== id;
    const twin = codemie.rows().some((each) => each.id !== id && markOf(each) === before);
    // The request does not say for whom a row is deleted. One that never left and has one row does not want it deleted.
    const isEnding = owner?.metadata.deletionTimestamp !== undefined || wanderers.has(keyOf(before)) || twin;
    if (owner && !hasLeft && !(method === 'DELETE' && isEnding))
      violations.push(
        `${method} of "${row.alias}" of ${before} by ${after || 'unknown'}: ${JSON.stringify({ stripped: stripped.has(id), registration, spec: owner['spec'] })}`,
      );
    owners.set(id, after);
    stripped.delete(id);
  };
  codemie.faults.decide((request) =>
    /^(PUT|DELETE)$/.test(request.method) && /\/settings\/project\/./.test(request.path)
      ? { before: check }
      : undefined,
  );
}

async function play(steps: readonly Step[], number: number): Promise<void> {
  const aliases = [0, 1].map((index) => `seq-${number}-${index}`);
  /** How often the name of each object was used up: an object that left its row there does not come back. */
  const lives = [0, 0, 0, 0];
  for (const { object, act, way, alias, policy, isOrphan, isGood, pauseMs } of steps) {
    const team = teams[object % teams.length];
    if (!team) return;
    const name = `seq-${number}-${object}-${lives[object]}`;
    const key = `${team.namespace}/${name}`;
    const known = await stage.cluster.get(kinds.integration, key);
    const spec = {
      alias: aliases[alias],
      connectionRef: { name: ways[way] },
      adoptionPolicy: ['Never', 'IfUnowned', 'Always'][policy],
      deletionPolicy: isOrphan ? 'Orphan' : 'Delete',
      auth: { token: { secretRef: { name: isGood ? 'token' : 'bad' } } },
      suspend: false,
    };
    const set = (fields: object) =>
      team
        .patch(
          kinds.integration,
          name,
          Object.entries(fields).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
        )
        // It has gone in the meantime.
        .catch(() => undefined);
    const isSent = known && JSON.stringify(known['spec']).includes('"staging"') !== (ways[way] === 'staging');
    if (isSent && act === 'apply') wanderers.add(key);
    if (act === 'apply') await (known ? set(spec) : team.integrate(name, spec));
    else if (act === 'suspend' && known) await set({ suspend: true });
    else if (act === 'delete' && known) {
      await team.delete(kinds.integration, name);
      lives[object] = (lives[object] ?? 0) + 1;
    } else if (act === 'strip') await strip(aliases[alias] ?? '');
    await sleep(act === 'wait' ? 700 : pauseMs);
  }
}

it(`in ${count} sequences, an integration changes its owner only after its owner released it`, {
  timeout: 900_000,
}, async () => {
  const { world, staging, cluster } = stage;
  console.log(`CLAIMS_SEED=${seed}`);
  watchOwners(world.codemie);
  watchOwners(staging);
  const sequences = fc.sample(fc.array(step, { minLength: 5, maxLength: 12 }), { numRuns: count, seed });
  const killAt = Math.floor(count / 2);
  let begun = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let number = begun++; number < count; number = begun++) {
        if (number === killAt) {
          await stage.operator.kill();
          stage.operator = await stage.start();
        }
        await play(sequences[number] ?? [], number);
      }
    }),
  );
  expect(violations, `CLAIMS_SEED=${seed}`).toEqual([]);

  // What is Ready in the end has the row that it says, and shares its alias with no other.
  await inParallel(0, teams.length, async (index) => {
    const { namespace = '' } = teams[index] ?? {};
    for (const object of await cluster.list(kinds.integration, namespace)) {
      const key = `${namespace}/${object.metadata.name}`;
      await cluster.waitFor(`${key} to have its row`, async () => {
        const seen = await cluster.waitForConditions(key, {}).catch(() => undefined);
        if (!seen || !seen.is('Ready', 'True/Ready')) return true;
        const { id, server, alias } = seen.status.registration ?? {};
        const rows = (server === staging.url ? staging : world.codemie).rows();
        const namesakes = rows.filter((row) => row.alias === alias);
        return namesakes.length === 1 && namesakes[0]?.id === id;
      });
    }
  });
  expect(violations, `CLAIMS_SEED=${seed}`).toEqual([]);
  // Neither is a run a success in which the operator did nothing, or was not asked.
  console.log(`Writes to rows that were there: ${writes}, of ${owners.size} rows.`);
  const last = { key: `${teams[0]?.namespace}/last`, alias: randomUUID() };
  await teams[0]?.integrate('last', { alias: last.alias });
  const { status } = await cluster.waitForConditions(last.key, { Ready: 'True/Ready' });
  const renamed = [{ op: 'replace', path: '/spec/alias', value: `${last.alias} renamed` } as const];
  await teams[0]?.patch(kinds.integration, 'last', renamed);
  await cluster.waitForConditions(last.key, { Ready: 'True/Ready' });
  expect(owners.get(status.registration?.id ?? '')).toContain(last.key);
});
